package dev.metakey.server.publication;

import dev.metakey.model.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One way to publish. Called by one thread at a time. */
public interface Outlet {
  /** What status and log call it. */
  String name();

  Path path();

  /**
   * Replaces what was published with this; whoever reads meanwhile sees either the one or the
   * other.
   */
  void publish(Snapshot snapshot) throws IOException;

  /**
   * Whether readers take what is published for the daemon's own answer. Then it must not name a
   * field that has ended: if a state that ends a name cannot be published, {@link #publish} sees to
   * it that readers no longer take what was published before for the daemon's answer.
   */
  default boolean speaksForDaemon() {
    return false;
  }

  /**
   * The secret of those who may link, if this outlet publishes that: then it is published anew when
   * the secret, the layout or the area has changed, and not with each commit. Null if it publishes
   * the state.
   */
  default @Nullable LinkSecret secret() {
    return null;
  }

  /** Whether what was published is still there: somebody may have removed or overwritten it. */
  boolean isIntact();

  /**
   * Removes what this registry's daemon published earlier and is not to publish any more, so that
   * no reader believes it. Readers that hold it open learn that it is void.
   *
   * @param registryId the registry whose publication is removed; that of another one is left alone,
   *     where the two can be told apart
   */
  default void withdraw(UUID registryId) throws IOException {
    Files.deleteIfExists(path());
  }

  /** Ends the publication; what is published stays. */
  default void close() throws IOException {}
}
