package dev.metakey.layout;

import dev.metakey.model.Layout;
import java.nio.ByteBuffer;

/**
 * {@code struct metakey_mark}: the last eight bytes of a metadata area, right before the packet; in
 * a record, what they are on this host.
 *
 * <pre>
 *    0         2          3        4          8
 *    | zero:16 | layout:8 | area/8:8 | magic:32 |
 * </pre>
 */
public final class MarkStruct {
  public static final int ZERO = 0;
  public static final int LAYOUT = ZERO + Short.BYTES;
  public static final int AREA8 = LAYOUT + Byte.BYTES;
  public static final int MAGIC = AREA8 + Byte.BYTES;
  public static final int BYTES = MAGIC + Integer.BYTES;

  /** "mkey". */
  public static final int MAGIC_NUMBER = 0x6d6b6579;

  private MarkStruct() {}

  /**
   * Writes a mark in the buffer's byte order.
   *
   * @param offset where it starts in {@code buffer}, whose position does not count
   * @param areaBytes a multiple of 8
   */
  public static void put(ByteBuffer buffer, int offset, Layout layout, int areaBytes) {
    buffer.putShort(offset + ZERO, (short) 0);
    buffer.put(offset + LAYOUT, (byte) layout.code());
    buffer.put(offset + AREA8, (byte) (areaBytes / 8));
    buffer.putInt(offset + MAGIC, MAGIC_NUMBER);
  }

  /** Whether there is the mark of an area with this layout and size, in the buffer's byte order. */
  public static boolean is(ByteBuffer buffer, int offset, Layout layout, int areaBytes) {
    return buffer.getShort(offset + ZERO) == 0
        && buffer.get(offset + LAYOUT) == layout.code()
        && Byte.toUnsignedInt(buffer.get(offset + AREA8)) * 8 == areaBytes
        && buffer.getInt(offset + MAGIC) == MAGIC_NUMBER;
  }
}
