package dev.metakey.client;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.List;

/** What a {@link Watch} tells. */
public sealed interface WatchEvent {
  /** The whole state: forget what you had. */
  record State(Snapshot snapshot) implements WatchEvent {}

  /**
   * What came after the previous event.
   *
   * @param info the revision that the changes lead to
   * @param changes by ascending revision; empty where a watch was resumed and nothing had changed
   */
  record Changes(RegistryInfo info, List<Change> changes) implements WatchEvent {
    public Changes {
      changes = List.copyOf(changes);
    }
  }

  /**
   * The daemon is gone: told once for each outage. The watch goes on by itself; what comes next
   * continues where it stopped.
   *
   * @param cause why
   */
  record Disconnected(MetakeyException cause) implements WatchEvent {}
}
