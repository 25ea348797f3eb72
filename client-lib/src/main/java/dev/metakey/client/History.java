package dev.metakey.client;

import dev.metakey.model.Change;
import dev.metakey.model.FleetEvent;
import java.util.List;

/**
 * Committed changes, oldest first.
 *
 * @param fleetEvents what became of the host in its fleet meanwhile, oldest first: each follows the
 *     change with its revision
 * @param nextSinceRevision the {@code sinceRevision} to ask with for what follows; 0: that was all
 */
public record History(List<Change> changes, List<FleetEvent> fleetEvents, long nextSinceRevision) {
  public History {
    changes = List.copyOf(changes);
    fleetEvents = List.copyOf(fleetEvents);
  }

  /** Of a host that is in no fleet. */
  public History(List<Change> changes, long nextSinceRevision) {
    this(changes, List.of(), nextSinceRevision);
  }
}
