package dev.metakey.server.domain;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;

/** The registry's rules: a pure function. */
public final class Registry {
  private Registry() {}

  /**
   * Decides a command against a state.
   *
   * @param now not earlier than what was decided before
   */
  public static <R> Decision<R> decide(
      RegistryState state, Rules rules, Command<R> command, Peer peer, Now now) {
    Draft draft = new Draft(state, rules, peer, now);
    try {
      R result = command.decide(draft);
      if (!rules.readOnly().isEmpty() && !draft.changes().isEmpty()) {
        throw Refusals.readOnly(rules);
      }
      return new Decision.Accepted<>(draft.state(), draft.changes(), result);
    } catch (MetakeyException refusal) {
      return new Decision.Rejected<>(refusal);
    }
  }
}
