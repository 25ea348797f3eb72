package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.Snapshot;
import java.util.List;

/** Told of every committed state, in order, on the writer's thread: return soon, never throw. */
@FunctionalInterface
public interface CommitListener {
  /**
   * The state is durable, and nobody has seen it yet. For what has to be taken back before anybody
   * does: the calls that led to the state wait for it.
   *
   * @param changes as {@link #committed} is told them
   */
  default void durable(Snapshot snapshot, List<Change> changes) {}

  /** There is another tag, and it is durable: whoever had it made waits for this. */
  default void retagged() {}

  /**
   * @param changes what led from the state before to this one: one or more whole calls
   */
  void committed(Snapshot snapshot, List<Change> changes);
}
