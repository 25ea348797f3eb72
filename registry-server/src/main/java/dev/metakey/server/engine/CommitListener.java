package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.Snapshot;
import java.util.List;

/**
 * Is told of every committed state, in order, on the writer's thread. Returns soon and never
 * throws.
 */
@FunctionalInterface
public interface CommitListener {
  /**
   * The state is durable, and nobody has seen it yet. Here a listener withdraws what must be gone
   * before anybody does: the calls that led to the state are answered afterwards.
   *
   * @param changes the same as in {@link #committed}
   */
  default void durable(Snapshot snapshot, List<Change> changes) {}

  /** There is another tag, and it is durable. The call that asked for it is answered afterwards. */
  default void retagged() {}

  /**
   * @param changes all changes of one or more calls, which led from the last state to this one
   */
  void committed(Snapshot snapshot, List<Change> changes);
}
