package dev.metakey.model;

/** Whether several owners may register a field. */
public enum Sharing implements Coded {
  EXCLUSIVE(1),
  /** Every owner that says so too, with the same size, format and merge rule, may join. */
  SHARED(2);

  private final int code;

  Sharing(int code) {
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
