package dev.metakey.model;

/** What should happen to a field when packets are merged (GRO). */
public enum Merge implements Coded {
  /** Nothing was said. */
  UNSPECIFIED(0),
  /** Packets whose values differ must not be merged. */
  BLOCK(1),
  KEEP_FIRST(2),
  KEEP_LAST(3),
  DISCARD(4);

  private final int code;

  Merge(int code) {
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
