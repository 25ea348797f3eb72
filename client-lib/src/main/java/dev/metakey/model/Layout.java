package dev.metakey.model;

/** Where fields live in the metadata area in front of a packet. One per host. */
public enum Layout implements Coded {
  /** Every field has a fixed place, its slot; a presence bitmap says which are set. */
  SLOTTED(1),
  /** A 16-byte header, then the values present by ascending id, without gaps. */
  PACKED(2);

  private final int code;

  Layout(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }

  /** {@code slotted} or {@code packed}. */
  @Override
  public String toString() {
    return Words.lower(this);
  }
}
