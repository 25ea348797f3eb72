package dev.metakey.layout;

import dev.metakey.model.Tag;
import java.nio.ByteBuffer;

/**
 * {@code struct metakey_mark}: the last eight bytes of a metadata area, right before the packet; in
 * a record, the value that they have on this host.
 *
 * <pre>
 *    0              6         8
 *    | tag: 6 bytes | zero:16 |
 * </pre>
 *
 * The tag is bytes, in the same order on every host. The kernel's IP forwarding overwrites the two
 * bytes before the packet with zeros.
 */
public final class MarkStruct {
  public static final int TAG = 0;
  public static final int ZERO = TAG + Tag.BYTES;
  public static final int BYTES = ZERO + Short.BYTES;

  private MarkStruct() {}

  /**
   * Writes a mark.
   *
   * @param offset where it starts in {@code buffer}, whose position and order do not matter
   */
  public static void put(ByteBuffer buffer, int offset, Tag tag) {
    tag.put(buffer, offset + TAG);
    buffer.putShort(offset + ZERO, (short) 0);
  }

  /**
   * Whether this may be a mark with some tag: six bytes that are not all zero, then two zero bytes.
   */
  public static boolean isAny(ByteBuffer buffer, int offset) {
    return buffer.getShort(offset + ZERO) == 0 && !Tag.get(buffer, offset + TAG).isNone();
  }
}
