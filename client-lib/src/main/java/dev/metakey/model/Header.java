package dev.metakey.model;

import org.jspecify.annotations.Nullable;

/**
 * The header of a packed packet that carries a set of fields; the global header is that of all
 * registered ones.
 *
 * <pre>
 *   bit k of high   bit k of low   field k
 *         0               0        absent
 *         0               1        2 bytes
 *         1               0        4 bytes
 *         1               1        8 bytes
 * </pre>
 */
public record Header(long high, long low) {
  public static final Header EMPTY = new Header(0, 0);

  /** The header of those that resolve: the same as {@link #with} each of them, in one object. */
  static Header of(@Nullable Field[] fields) {
    long high = 0;
    long low = 0;
    for (Field field : fields) {
      if (field != null && field.isResolvable()) {
        long bit = 1L << field.id();
        high |= field.size() == 2 ? 0 : bit;
        low |= field.size() == 4 ? 0 : bit;
      }
    }
    return new Header(high, low);
  }

  /**
   * @param id 0-63
   * @param size 2, 4 or 8
   */
  public Header with(int id, int size) {
    long bit = 1L << id;
    return new Header(size == 2 ? high & ~bit : high | bit, size == 4 ? low & ~bit : low | bit);
  }

  /** The size of field {@code id} in bytes: 0 (absent), 2, 4 or 8. */
  public int sizeOf(int id) {
    return sizeOf(high, low, id);
  }

  /** The same from the two words alone: the packet path makes no header. */
  public static int sizeOf(long high, long low, int id) {
    int code = (int) (high >>> id & 1) << 1 | (int) (low >>> id & 1);
    return code == 0 ? 0 : 1 << code;
  }

  /** Bytes that the values take in a packed packet, without the header: 0-512. */
  public int valueBytes() {
    return valueBytes(high, low);
  }

  /** The same from the two words alone: the packet path makes no header. */
  public static int valueBytes(long high, long low) {
    return 2 * Long.bitCount(low & ~high)
        + 4 * Long.bitCount(high & ~low)
        + 8 * Long.bitCount(high & low);
  }
}
