package dev.metakey.model;

/** Where a field, or the id that it had, stands. */
public enum FieldState implements Coded {
  /** Registered and in use. */
  ACTIVE(1),
  /** Released or expired. Id, slot and record are kept; it can be brought back. */
  RETIRED(2),
  /** An admin tied the name to the id; nobody has registered it yet. */
  RESERVED(3),
  /** A name of the kernel: id 64 or above. Never changes. */
  WELL_KNOWN(4),
  /** The id may be given to another field; the record tells which one had it last. */
  FREE(5);

  private final int code;

  FieldState(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }

  /** The name in lower case. */
  @Override
  public String toString() {
    return Words.lower(this);
  }
}
