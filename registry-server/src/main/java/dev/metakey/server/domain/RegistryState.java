package dev.metakey.server.domain;

import dev.metakey.model.Layout;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.util.UUID;

/**
 * All that the registry remembers, and what it saw of the kernel.
 *
 * @param bootId identifies the boot of the host on which the retired ids were retired; empty before
 *     the first {@link Start}
 * @param tag the tag that metadata areas end in; {@link Tag#NONE} before the first {@link Start}
 * @param programs what the kernel had loaded; not durable
 * @param clock what the clocks said when it was committed, in the boot that {@code bootId} names
 */
public record RegistryState(
    Snapshot snapshot, String bootId, Tag tag, Programs programs, ClockReading clock) {
  /** A state without a tag, from before anybody has looked at the kernel. */
  public RegistryState(Snapshot snapshot, String bootId) {
    this(snapshot, bootId, Tag.NONE, Programs.NEVER_SEEN, ClockReading.NONE);
  }

  /** A registry in which nothing was ever registered. */
  public static RegistryState empty(UUID registryId, Layout layout, int areaBytes) {
    return new RegistryState(Snapshot.empty(registryId, layout, areaBytes), "");
  }

  /** This state, with what was seen of the kernel. */
  public RegistryState seeing(Programs seen) {
    return new RegistryState(snapshot, bootId, tag, seen, clock);
  }

  /** This state, with another tag. */
  public RegistryState with(Tag newTag) {
    return new RegistryState(snapshot, bootId, newTag, programs, clock);
  }

  /** This state, as it is to be committed. */
  public RegistryState at(ClockReading reading) {
    return new RegistryState(snapshot, bootId, tag, programs, reading);
  }

  public long revision() {
    return snapshot.info().revision();
  }
}
