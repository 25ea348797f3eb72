package dev.metakey.packet;

import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;

/**
 * An area in another way than the codec's: a map of values, from which the whole area is made anew
 * each time.
 */
final class AreaModel {
  private final Layout layout;
  private final int areaBytes;
  private final Map<Integer, Long> values = new TreeMap<>();
  private final Map<Integer, Field> fields = new TreeMap<>();

  AreaModel(Layout layout, int areaBytes) {
    this.layout = layout;
    this.areaBytes = areaBytes;
  }

  Long get(Field field) {
    return values.get(field.id());
  }

  SetResult set(Field field, long value) {
    int others =
        fields.values().stream().filter(f -> f.id() != field.id()).mapToInt(Field::size).sum();
    if (layout == Layout.PACKED && others + field.size() > areaBytes - 24) {
      return SetResult.NO_SPACE;
    }
    fields.put(field.id(), field);
    values.put(field.id(), truncated(value, field.size()));
    return SetResult.DONE;
  }

  boolean del(Field field) {
    fields.remove(field.id());
    return values.remove(field.id()) != null;
  }

  private static long truncated(long value, int size) {
    return switch (size) {
      case 2 -> value & 0xffffL;
      case 4 -> value & 0xffffffffL;
      default -> value;
    };
  }

  /** The ids and values, in order. */
  Map<Integer, Long> values() {
    return values;
  }

  /** The whole area. */
  byte[] bytes() {
    byte[] area = layout == Layout.PACKED ? packed() : slotted();
    System.arraycopy(Areas.TAG.bytes(), 0, area, areaBytes - 8, 6);
    return area;
  }

  private byte[] packed() {
    long high = 0;
    long low = 0;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Field field : fields.values()) {
      high |= (field.size() == 2 ? 0L : 1L) << field.id();
      low |= (field.size() == 4 ? 0L : 1L) << field.id();
      out.writeBytes(host(values.get(field.id()), field.size()));
    }
    ByteBuffer area = ByteBuffer.allocate(areaBytes).order(ByteOrder.nativeOrder());
    return area.putLong(high).putLong(low).put(out.toByteArray()).array();
  }

  private byte[] slotted() {
    long presence = 0;
    ByteBuffer area = ByteBuffer.allocate(areaBytes).order(ByteOrder.nativeOrder());
    for (Field field : fields.values()) {
      presence |= 1L << field.id();
      area.put(areaBytes - field.slot(), host(values.get(field.id()), field.size()));
    }
    return area.putLong(areaBytes - 16, presence).array();
  }

  /** The value's own bytes in the host's order. */
  private static byte[] host(long value, int size) {
    ByteBuffer bytes = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(0, value);
    int start = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? 0 : 8 - size;
    byte[] own = new byte[size];
    bytes.get(start, own);
    return own;
  }
}
