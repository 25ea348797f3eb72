package dev.metakey.server.domain;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import java.util.List;

/** What became of a command; {@code R} is what its caller is told. */
public sealed interface Decision<R> {
  /**
   * @param state the state that the changes lead to; may differ from the old one without a change
   *     (a renewed ttl, a new boot)
   * @param changes what is to be made durable before anybody sees it; empty for an idempotent call
   */
  record Accepted<R>(RegistryState state, List<Change> changes, R result) implements Decision<R> {}

  /** The state stays as it was. */
  record Rejected<R>(MetakeyException refusal) implements Decision<R> {}
}
