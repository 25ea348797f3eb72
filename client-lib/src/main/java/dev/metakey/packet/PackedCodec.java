package dev.metakey.packet;

import dev.metakey.layout.MarkStruct;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Header;
import dev.metakey.model.Layout;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link Header}, then the values present, by ascending id, without gaps.
 *
 * <pre>
 *   data-area     data-area+8   data-area+16                   data-8   data
 *     | high:64     | low:64      | values ... | zero ...       | mark   |
 * </pre>
 *
 * The packet says how large each value is. A value of another size than its field has does not
 * belong to that field: the field counts as not set, and the value stays as it is.
 */
final class PackedCodec extends AreaCodec {
  private static final int HEADER = 2 * Long.BYTES;

  private final int capacity;

  PackedCodec(int areaBytes, Tag tag) {
    super(Layout.PACKED, areaBytes, tag);
    this.capacity = areaBytes - HEADER - MarkStruct.BYTES;
  }

  @Override
  boolean isSound(ByteBuffer buffer, int data) {
    return Header.valueBytes(high(buffer, data), low(buffer, data)) <= capacity;
  }

  @Override
  boolean hasPlace(Field field) {
    return hasId(field);
  }

  @Override
  int locate(ByteBuffer buffer, int data, Field field) {
    int id = field.id();
    int size = Header.sizeOf(high(buffer, data), low(buffer, data), id);
    return size == field.size() ? place(buffer, data, id) : -1;
  }

  @Override
  boolean holdsAnother(ByteBuffer buffer, int data, Field field) {
    int size = Header.sizeOf(high(buffer, data), low(buffer, data), field.id());
    return size != 0 && size != field.size();
  }

  @Override
  int insert(ByteBuffer buffer, int data, Field field) {
    return resize(buffer, data, field.id(), field.size());
  }

  @Override
  void remove(ByteBuffer buffer, int data, Field field, int at) {
    resize(buffer, data, field.id(), 0);
  }

  /**
   * Makes the value of {@code id} take {@code size} bytes; 0 removes it. What comes after it moves,
   * and bytes that are no longer used are zeroed.
   *
   * @return where the value goes; -1, and nothing is changed, if there is no room
   */
  private int resize(ByteBuffer buffer, int data, int id, int size) {
    long high = high(buffer, data);
    long low = low(buffer, data);
    int at = place(buffer, data, id);
    int before = Header.sizeOf(high, low, id);
    if (before == size) {
      return at;
    }
    int used = Header.valueBytes(high, low);
    if (used - before + size > capacity) {
      return -1;
    }
    int end = data - areaBytes() + HEADER + used;
    buffer.put(at + size, buffer, at + before, end - at - before);
    for (int unused = end - before + size; unused < end; unused++) {
      buffer.put(unused, (byte) 0);
    }
    long bit = 1L << id;
    LONG.set(buffer, data - areaBytes(), size >= Integer.BYTES ? high | bit : high & ~bit);
    LONG.set(
        buffer,
        data - areaBytes() + Long.BYTES,
        size == Short.BYTES || size == Long.BYTES ? low | bit : low & ~bit);
    return at;
  }

  @Override
  List<FieldValue> present(ByteBuffer buffer, int data, Snapshot snapshot) {
    List<FieldValue> values = new ArrayList<>();
    int at = place(buffer, data, 0);
    for (int id = 0; id < Field.IDS; id++) {
      int size = Header.sizeOf(high(buffer, data), low(buffer, data), id);
      if (size != 0) {
        Field field = snapshot.byId(id);
        boolean isKnown = field != null && !field.is(FieldState.FREE) && field.size() == size;
        values.add(new FieldValue(id, size, read(buffer, at, size), isKnown ? field : null));
        at += size;
      }
    }
    return values;
  }

  /** Where the value of {@code id} is, or would be. */
  private int place(ByteBuffer buffer, int data, int id) {
    long below = (1L << id) - 1;
    int skipped = Header.valueBytes(high(buffer, data) & below, low(buffer, data) & below);
    return data - areaBytes() + HEADER + skipped;
  }

  private long high(ByteBuffer buffer, int data) {
    return (long) LONG.get(buffer, data - areaBytes());
  }

  private long low(ByteBuffer buffer, int data) {
    return (long) LONG.get(buffer, data - areaBytes() + Long.BYTES);
  }
}
