package dev.metakey.client;

import dev.metakey.model.Change;
import dev.metakey.model.Snapshot;
import java.util.List;

/** Told about every state of a {@link View}, in order, none twice. */
@FunctionalInterface
public interface ViewListener {
  /**
   * The registry is now in this state. Should return soon: the next state waits for it. What it
   * throws is logged and hurts nobody else.
   *
   * @param changes what led here from the state told before; empty if that is not known, as for the
   *     first state: then only the snapshot counts
   */
  void changed(Snapshot snapshot, List<Change> changes);

  /**
   * The view has become stale, as the daemon cannot be reached, or fresh again; if a new state
   * comes with it, that is told first. A new listener is told only if the view is stale.
   */
  default void staleness(boolean stale) {}
}
