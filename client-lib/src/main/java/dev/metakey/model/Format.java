package dev.metakey.model;

import java.util.HexFormat;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** How a tool prints a value; {@link #text} does it. */
public enum Format implements Coded {
  /** Unsigned. */
  DEC(1),
  /** {@code 0x} and every digit. */
  HEX(2),
  /** Size 4: an IPv4 address, the most significant byte first. */
  IPV4(3),
  /** Size 8: a MAC address in the low six bytes. */
  MAC(4),
  /** Nanoseconds. */
  NS(5),
  /** Zero is false, everything else is true. */
  BOOL(6);

  private static final HexFormat HEXADECIMAL = HexFormat.of();

  private final int code;

  Format(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }

  /** Whether values of this many bytes can be printed in this format. */
  public boolean fits(int size) {
    return switch (this) {
      case IPV4 -> size == 4;
      case MAC -> size == 8;
      case DEC, HEX, NS, BOOL -> true;
    };
  }

  /**
   * The value as text. If the format does not fit the size, which no registered field has, as much
   * of the value as fits the format.
   *
   * @param value its low {@code size} bytes count
   * @param size bytes: 2, 4 or 8
   */
  public String text(long value, int size) {
    long bits = size == Long.BYTES ? value : value & ((1L << (size * Byte.SIZE)) - 1);
    return switch (this) {
      case DEC -> Long.toUnsignedString(bits);
      case HEX -> "0x" + HEXADECIMAL.toHexDigits(bits, 2 * size);
      case IPV4 -> bytes(bits, 4, ".", Integer::toString);
      case MAC -> bytes(bits, 6, ":", b -> HEXADECIMAL.toHexDigits((byte) b));
      case NS -> Long.toUnsignedString(bits) + " ns";
      case BOOL -> Boolean.toString(bits != 0);
    };
  }

  /** The low {@code count} bytes, the most significant first. */
  private static String bytes(long bits, int count, String between, IntFunction<String> text) {
    return IntStream.range(0, count)
        .map(i -> (int) (bits >>> ((count - 1 - i) * Byte.SIZE)) & 0xff)
        .mapToObj(text)
        .collect(Collectors.joining(between));
  }

  /** The name in lower case. */
  @Override
  public String toString() {
    return Words.lower(this);
  }
}
