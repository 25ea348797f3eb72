package dev.metakey.server.domain;

/**
 * Something that somebody wants of the registry; {@code R} is what the caller is told. A command
 * checks what can be checked without the state when it is made, and the rest when it is decided.
 */
public sealed interface Command<R>
    permits Register,
        Apply,
        Release,
        Leave,
        ReleaseAll,
        Reserve,
        Unreserve,
        Undelete,
        Transfer,
        FleetAdopt,
        Retag,
        Restore,
        Observe,
        Adopt,
        Start,
        Tick {
  /**
   * Works on the draft, and tells the caller what came of it.
   *
   * @throws dev.metakey.model.MetakeyException if the rules refuse it; the draft is then dropped
   */
  R decide(Draft draft);
}
