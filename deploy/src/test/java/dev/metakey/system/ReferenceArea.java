package dev.metakey.system;

import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Tag;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The metadata of one packet as the design describes it: decodes the whole area into values by id,
 * changes them, and encodes it again. Slow, short, and written without a look at the C headers.
 * What somebody else has put in front of the area stays.
 */
final class ReferenceArea implements DifferentialIT.PacketMetadata {
  private static final int ENOENT = 2;
  private static final int EBUSY = 16;
  private static final int ENOSPC = 28;
  private static final int ENOLINK = 67;

  private static final int MARK_BYTES = 8;
  private static final int BITMAP_BYTES = 8;
  private static final int HEADER_BYTES = 16;

  private final RegistryInfo info;
  private final Tag tag;
  private final TreeMap<Integer, Field> fields = new TreeMap<>();
  private byte[] metadata = {};

  /**
   * @param registered every field that may be in an area
   */
  ReferenceArea(RegistryInfo info, Tag tag, Iterable<Field> registered) {
    this.info = info;
    this.tag = tag;
    registered.forEach(field -> fields.put(field.id(), field));
  }

  @Override
  public byte[] bytes() {
    return metadata;
  }

  @Override
  public void replace(byte[] bytes) {
    metadata = bytes;
  }

  @Override
  public int set(@Nullable Field field, long value, boolean canMake) {
    if (field == null) {
      return -ENOLINK;
    }
    if (!isOurs()) {
      if (metadata.length > 0) {
        return -EBUSY;
      }
      if (!canMake || !fits(0, field)) {
        return -ENOSPC;
      }
      metadata = new byte[0];
    }
    SortedMap<Integer, Long> values = decode();
    if (!values.containsKey(field.id()) && !fits(bytesOf(values), field)) {
      return -ENOSPC;
    }
    values.put(field.id(), value);
    replaceArea(values);
    return 0;
  }

  @Override
  public OptionalLong get(@Nullable Field field) {
    if (field == null || !isOurs()) {
      return OptionalLong.empty();
    }
    Long value = decode().get(field.id());
    return value == null ? OptionalLong.empty() : OptionalLong.of(value);
  }

  @Override
  public int delete(@Nullable Field field) {
    if (get(field).isEmpty()) {
      return -ENOENT;
    }
    SortedMap<Integer, Long> values = decode();
    values.remove(field.id());
    replaceArea(values);
    return 0;
  }

  private void replaceArea(SortedMap<Integer, Long> values) {
    byte[] area = encode(values);
    byte[] all = Arrays.copyOf(metadata, Math.max(metadata.length, area.length));
    System.arraycopy(area, 0, all, all.length - area.length, area.length);
    metadata = all;
  }

  private boolean fits(int used, Field field) {
    return info.layout() == Layout.SLOTTED
        || used + field.size() <= info.areaBytes() - HEADER_BYTES - MARK_BYTES;
  }

  private int bytesOf(SortedMap<Integer, Long> values) {
    return values.keySet().stream().mapToInt(id -> fields.get(id).size()).sum();
  }

  private boolean isOurs() {
    byte[] mark = new byte[MARK_BYTES];
    putMark(ByteBuffer.wrap(mark).order(ByteOrder.nativeOrder()));
    int end = metadata.length;
    return end >= info.areaBytes()
        && Arrays.equals(metadata, end - MARK_BYTES, end, mark, 0, MARK_BYTES);
  }

  private void putMark(ByteBuffer to) {
    to.put(tag.bytes()).putShort((short) 0);
  }

  private SortedMap<Integer, Long> decode() {
    TreeMap<Integer, Long> values = new TreeMap<>();
    if (metadata.length == 0) {
      return values;
    }
    int start = metadata.length - info.areaBytes();
    ByteBuffer area =
        ByteBuffer.wrap(metadata, start, info.areaBytes()).slice().order(ByteOrder.nativeOrder());
    int next = HEADER_BYTES;
    for (Field field : fields.values()) {
      long bit = 1L << field.id();
      if (info.layout() == Layout.SLOTTED) {
        if ((area.getLong(info.areaBytes() - MARK_BYTES - BITMAP_BYTES) & bit) != 0) {
          values.put(field.id(), read(area, info.areaBytes() - field.slot(), field.size()));
        }
      } else if (((area.getLong(0) | area.getLong(8)) & bit) != 0) {
        values.put(field.id(), read(area, next, field.size()));
        next += field.size();
      }
    }
    return values;
  }

  private byte[] encode(SortedMap<Integer, Long> values) {
    ByteBuffer area = ByteBuffer.allocate(info.areaBytes()).order(ByteOrder.nativeOrder());
    int next = HEADER_BYTES;
    long present = 0;
    long high = 0;
    long low = 0;
    for (var entry : values.entrySet()) {
      Field field = fields.get(entry.getKey());
      long bit = 1L << field.id();
      present |= bit;
      high |= field.size() >= 4 ? bit : 0;
      low |= field.size() != 4 ? bit : 0;
      boolean slotted = info.layout() == Layout.SLOTTED;
      write(area, slotted ? info.areaBytes() - field.slot() : next, entry.getValue(), field.size());
      next += field.size();
    }
    if (info.layout() == Layout.SLOTTED) {
      area.putLong(info.areaBytes() - MARK_BYTES - BITMAP_BYTES, present);
    } else {
      area.putLong(0, high).putLong(8, low);
    }
    putMark(area.position(info.areaBytes() - MARK_BYTES));
    return area.array();
  }

  private static long read(ByteBuffer area, int at, int size) {
    return switch (size) {
      case 2 -> Short.toUnsignedLong(area.getShort(at));
      case 4 -> Integer.toUnsignedLong(area.getInt(at));
      default -> area.getLong(at);
    };
  }

  private static void write(ByteBuffer area, int at, long value, int size) {
    switch (size) {
      case 2 -> area.putShort(at, (short) value);
      case 4 -> area.putInt(at, (int) value);
      default -> area.putLong(at, value);
    }
  }
}
