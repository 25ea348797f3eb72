package dev.metakey.model;

/**
 * Why a call was refused. The names are stable: they travel in {@code google.rpc.ErrorInfo} and
 * scripts may depend on them. docs/errors.md explains each.
 */
public enum Reason {
  /** A defect of ours. */
  INTERNAL(1),
  INVALID_NAME(2),
  INVALID_SIZE(2),
  INVALID_ATTRIBUTE(2),
  INVALID_REQUEST(2),
  NOT_FOUND(3),
  /** The name is known with another size or merge rule. */
  MISMATCH(4),
  OWNED_BY_OTHER(4),
  /** A reservation and what is assigned contradict each other. */
  ID_TAKEN(4),
  NOT_PERMITTED(5),
  QUOTA_EXCEEDED(6),
  NO_FREE_ID(6),
  NO_FREE_SLOT(6),
  TOO_MANY_WAITERS(6),
  /** A loaded program is linked to the field. */
  IN_USE(7),
  WRONG_GENERATION(7),
  READ_ONLY(7),
  /** The database took no change. Nothing was changed; the same call may work later. */
  STORE_FAILED(8),
  /** The daemon is not there, is stopping, or has too much to do. Trying again is safe. */
  UNAVAILABLE(8),
  /** The name needs an id of the fleet, which cannot be asked now. The same call may work later. */
  FLEET_AWAY(8),
  /** The wait ended before what it waited for came. */
  DEADLINE_EXCEEDED(9);

  private final int exitCode;

  Reason(int exitCode) {
    this.exitCode = exitCode;
  }

  /** The exit code of a command that fails for this reason: 1-9. */
  public int exitCode() {
    return exitCode;
  }
}
