package dev.metakey.model;

/** How a tool prints a value. */
public enum Format {
  DEC(1),
  HEX(2),
  /** Size 4: an IPv4 address, the most significant byte first. */
  IPV4(3),
  /** Size 8: a MAC address in the low six bytes. */
  MAC(4),
  /** Nanoseconds. */
  NS(5),
  /** Zero is false, everything else is true. */
  BOOL(6);

  private final int code;

  Format(int code) {
    this.code = code;
  }

  /** The number that stands for it in files and maps. Never changes. */
  public int code() {
    return code;
  }

  /** The name in lower case. */
  @Override
  public String toString() {
    return Words.lower(this);
  }
}
