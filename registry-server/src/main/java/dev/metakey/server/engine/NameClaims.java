package dev.metakey.server.engine;

import dev.metakey.model.FieldSpec;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Asks the fleet for names that are to be registered here, before the registry decides. */
@FunctionalInterface
public interface NameClaims {
  /** There is nobody to ask. */
  NameClaims NONE = (specs, service) -> CompletableFuture.completedFuture(null);

  /**
   * Never waits.
   *
   * @param service who registers them, as a fleet calls it
   * @return completes on any thread once the engine's fleet has the names, or cannot have them now;
   *     fails with {@link dev.metakey.model.MetakeyException} where the fleet refuses them
   */
  CompletableFuture<Void> claim(List<FieldSpec> specs, String service);
}
