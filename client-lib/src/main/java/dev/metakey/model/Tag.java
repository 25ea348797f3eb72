package dev.metakey.model;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * The secret that the metadata areas of a host end in: six random bytes, never all zero. It stands
 * for one layout and size of area. Whoever knows it can send packets that look as if they carried
 * this host's values, so it is for those who may link programs, and never printed: {@link
 * #toString} does not show it.
 */
public final class Tag {
  public static final int BYTES = 6;

  /** All zero: there is no tag yet, or the reader may not know it. */
  public static final Tag NONE = new Tag(0);

  /** The bytes in the order of memory, the first one highest. */
  private final long bits;

  private Tag(long bits) {
    this.bits = bits;
  }

  /**
   * @param bytes in the order of memory
   * @throws IllegalArgumentException unless there are {@value #BYTES} of them
   */
  public static Tag of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException(
          "a tag of %d bytes; a tag has %d".formatted(bytes.length, BYTES));
    }
    return get(ByteBuffer.wrap(bytes), 0);
  }

  /** A new tag. */
  public static Tag random(SecureRandom random) {
    byte[] bytes = new byte[BYTES];
    Tag tag;
    do {
      random.nextBytes(bytes);
      tag = of(bytes);
    } while (tag.isNone());
    return tag;
  }

  /**
   * Reads the bytes of a tag, whatever the buffer's order.
   *
   * @param offset where it starts in {@code buffer}, whose position does not matter
   */
  public static Tag get(ByteBuffer buffer, int offset) {
    long bits = 0;
    for (int i = 0; i < BYTES; i++) {
      bits = (bits << Byte.SIZE) | Byte.toUnsignedLong(buffer.get(offset + i));
    }
    return new Tag(bits);
  }

  /** Writes what {@link #get} reads. */
  public void put(ByteBuffer buffer, int offset) {
    for (int i = 0; i < BYTES; i++) {
      buffer.put(offset + i, (byte) (bits >>> ((BYTES - 1 - i) * Byte.SIZE)));
    }
  }

  /** In the order of memory. */
  public byte[] bytes() {
    byte[] bytes = new byte[BYTES];
    put(ByteBuffer.wrap(bytes), 0);
    return bytes;
  }

  /** Twelve hexadecimal digits: for what is stored, never for what is printed. */
  public String secretHex() {
    return HexFormat.of().formatHex(bytes());
  }

  public boolean isNone() {
    return bits == 0;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Tag tag && tag.bits == bits;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(bits);
  }

  @Override
  public String toString() {
    return isNone() ? "none" : "secret";
  }
}
