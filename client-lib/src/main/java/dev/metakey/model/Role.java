package dev.metakey.model;

/** What a program does with a field. */
public enum Role implements Coded {
  /** It sets the field; linking the program registers it. */
  PRODUCES(1),
  /** It reads the field; linking the program resolves it. */
  CONSUMES(2);

  private final int code;

  Role(int code) {
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
