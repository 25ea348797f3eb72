package dev.metakey.server.domain;

import dev.metakey.model.Layout;
import dev.metakey.model.Snapshot;
import java.util.UUID;

/**
 * All that the registry remembers.
 *
 * @param bootId identifies the boot of the host on which the retired ids were retired; empty before
 *     the first {@link Start}
 */
public record RegistryState(Snapshot snapshot, String bootId) {
  /** A registry in which nothing was ever registered. */
  public static RegistryState empty(UUID registryId, Layout layout, int areaBytes) {
    return new RegistryState(Snapshot.empty(registryId, layout, areaBytes), "");
  }

  public long revision() {
    return snapshot.info().revision();
  }
}
