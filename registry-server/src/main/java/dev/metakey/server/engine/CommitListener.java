package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.Snapshot;
import java.util.List;

/** Told of every committed state, in order, on the writer's thread: return soon, never throw. */
@FunctionalInterface
public interface CommitListener {
  /**
   * @param changes what led from the state before to this one: one or more whole calls
   */
  void committed(Snapshot snapshot, List<Change> changes);
}
