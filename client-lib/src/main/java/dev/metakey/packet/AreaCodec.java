package dev.metakey.packet;

import dev.metakey.layout.MarkStruct;
import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the metadata area right before a packet, with the contract of {@code
 * metakey/metakey.bpf.h}. Immutable: one instance serves every packet of a host on any number of
 * threads; nothing but {@link #values} allocates.
 *
 * <pre>
 *   AreaCodec codec = AreaCodec.of(view.snapshot().info(), client.tag().value());
 *   long id = codec.get(frame, data, view.get("edge.packet_id"), 0);
 * </pre>
 *
 * <p>{@code buffer} is any buffer, heap or direct ({@link ByteBuffer#wrap(byte[])} makes one of an
 * array). Its position and byte order do not matter: values are in the host's order. {@code data}
 * is the index at which the packet starts; the area ends there. No call touches a byte outside the
 * area, or beyond the buffer's limit.
 *
 * <p>An area is <em>ours</em> if its last eight bytes are this codec's tag and two zero bytes, and
 * what the packed header claims fits. Anything else is somebody else's: it has no values, and is
 * never written to. Only {@link #make} makes an area, as only the caller knows whether the bytes
 * before a packet are metadata.
 *
 * <p>A {@code field} may be null, which is what a view gives for a name that nobody has: it is
 * never set. The same goes for a field without a place in the area: a well-known one, or, in the
 * slotted layout, one without a slot inside it.
 */
public abstract sealed class AreaCodec permits PackedCodec, SlottedCodec {
  // Unlike a buffer's own methods these do not depend on its order.
  static final VarHandle SHORT = view(short[].class);
  static final VarHandle INT = view(int[].class);
  static final VarHandle LONG = view(long[].class);

  private final Layout layout;
  private final int areaBytes;
  private final long mark;

  AreaCodec(Layout layout, int areaBytes, Tag tag) {
    this.layout = layout;
    this.areaBytes = areaBytes;
    ByteBuffer bytes = ByteBuffer.allocate(MarkStruct.BYTES).order(ByteOrder.nativeOrder());
    MarkStruct.put(bytes, 0, tag);
    this.mark = bytes.getLong(0);
  }

  private static VarHandle view(Class<?> words) {
    return MethodHandles.byteBufferViewVarHandle(words, ByteOrder.nativeOrder());
  }

  /**
   * A codec for the areas of the host that this registry belongs to.
   *
   * @throws IllegalArgumentException for {@link Tag#NONE}: see {@link #ofCapture}
   */
  public static AreaCodec of(RegistryInfo info, Tag tag) {
    return of(info.layout(), info.areaBytes(), tag);
  }

  /**
   * @param areaBytes a multiple of 8, 24 to 216
   * @throws IllegalArgumentException if it is anything else, or there is no tag
   */
  public static AreaCodec of(Layout layout, int areaBytes, Tag tag) {
    if (tag.isNone()) {
      throw new IllegalArgumentException(
          "no tag; without it, nobody can tell whether the area of an incoming packet is ours");
    }
    return make(layout, areaBytes, tag);
  }

  /**
   * A codec for areas whose tag is not known: everything that can be a mark counts as one. For
   * captures, and never for packets that come in: anybody can send those.
   *
   * @param areaBytes a multiple of 8, 24 to 216
   * @throws IllegalArgumentException if it is anything else
   */
  public static AreaCodec ofCapture(Layout layout, int areaBytes) {
    return make(layout, areaBytes, Tag.NONE);
  }

  private static AreaCodec make(Layout layout, int areaBytes, Tag tag) {
    if (!isAreaSize(areaBytes)) {
      throw new IllegalArgumentException(
          "an area of %d bytes; a multiple of 8 from %d to %d is allowed"
              .formatted(areaBytes, RegistryInfo.MIN_AREA_BYTES, RegistryInfo.MAX_AREA_BYTES));
    }
    return switch (layout) {
      case SLOTTED -> new SlottedCodec(areaBytes, tag);
      case PACKED -> new PackedCodec(areaBytes, tag);
    };
  }

  private static boolean isAreaSize(int bytes) {
    return bytes >= RegistryInfo.MIN_AREA_BYTES
        && bytes <= RegistryInfo.MAX_AREA_BYTES
        && bytes % Long.BYTES == 0;
  }

  public final Layout layout() {
    return layout;
  }

  /** A multiple of 8, 24 to 216. */
  public final int areaBytes() {
    return areaBytes;
  }

  /** Whether there is an area of ours. */
  public final boolean isOurs(ByteBuffer buffer, int data) {
    return hasRoom(buffer, data) && isMarked(buffer, data) && isSound(buffer, data);
  }

  /**
   * Makes an empty area of ours: zeroes it and writes the mark. What was there is lost.
   *
   * @throws IllegalStateException if the tag is not known
   * @return false, and nothing is written, if the buffer has no room for it before {@code data}
   */
  public final boolean make(ByteBuffer buffer, int data) {
    if (mark == 0) {
      throw new IllegalStateException("no tag; an area cannot be made without one");
    }
    if (!hasRoom(buffer, data)) {
      return false;
    }
    for (int at = data - areaBytes; at < data; at += Long.BYTES) {
      LONG.set(buffer, at, 0L);
    }
    LONG.set(buffer, data - MarkStruct.BYTES, mark);
    return true;
  }

  /** Whether the field has a value on this packet. */
  public final boolean isSet(ByteBuffer buffer, int data, @Nullable Field field) {
    return find(buffer, data, field) >= 0;
  }

  /**
   * The value of a field.
   *
   * @param otherwise what to return where it has none ({@code -ENOENT} in C)
   * @return the value, unsigned for sizes 2 and 4
   */
  public final long get(ByteBuffer buffer, int data, @Nullable Field field, long otherwise) {
    int at = find(buffer, data, field);
    return at < 0 || field == null ? otherwise : read(buffer, at, field.size());
  }

  /**
   * Gives a field a value. If it is refused, the packet is as it was.
   *
   * @param value as many of its low bytes as the field has count
   */
  public final SetResult set(ByteBuffer buffer, int data, @Nullable Field field, long value) {
    if (field == null || !hasPlace(field)) {
      return SetResult.NO_PLACE;
    }
    if (!isOurs(buffer, data) || holdsAnother(buffer, data, field)) {
      return SetResult.NOT_OURS;
    }
    int at = insert(buffer, data, field);
    if (at < 0) {
      return SetResult.NO_SPACE;
    }
    write(buffer, at, field.size(), value);
    return SetResult.DONE;
  }

  /**
   * Removes a field's value, and zeroes its bytes.
   *
   * @return false if it has none ({@code -ENOENT} in C)
   */
  public final boolean del(ByteBuffer buffer, int data, @Nullable Field field) {
    int at = find(buffer, data, field);
    if (at < 0 || field == null) {
      return false;
    }
    remove(buffer, data, field, at);
    return true;
  }

  /** Every value present, by ascending id; none where the area is not ours. */
  public final List<FieldValue> values(ByteBuffer buffer, int data, Snapshot snapshot) {
    return isOurs(buffer, data) ? present(buffer, data, snapshot) : List.of();
  }

  /** Where the field's value is in an area of ours; -1 where it has none. */
  private int find(ByteBuffer buffer, int data, @Nullable Field field) {
    return field != null && hasPlace(field) && isOurs(buffer, data)
        ? locate(buffer, data, field)
        : -1;
  }

  private boolean hasRoom(ByteBuffer buffer, int data) {
    return data >= areaBytes && data <= buffer.limit();
  }

  private boolean isMarked(ByteBuffer buffer, int data) {
    return mark == 0
        ? MarkStruct.isAny(buffer, data - MarkStruct.BYTES)
        : (long) LONG.get(buffer, data - MarkStruct.BYTES) == mark;
  }

  /** Whether what a marked area says of itself is possible. */
  abstract boolean isSound(ByteBuffer buffer, int data);

  /** Whether an area can hold the field. */
  abstract boolean hasPlace(Field field);

  /** Where the value is, in a sound area; -1 where there is none. */
  abstract int locate(ByteBuffer buffer, int data, Field field);

  /** Whether the id has a value in a sound area that cannot be the field's. */
  abstract boolean holdsAnother(ByteBuffer buffer, int data, Field field);

  /**
   * Marks the field as present in a sound area. Returns where its value goes; -1 if there is no
   * room.
   */
  abstract int insert(ByteBuffer buffer, int data, Field field);

  /** Undoes {@link #insert}; the value is at {@code at}. */
  abstract void remove(ByteBuffer buffer, int data, Field field, int at);

  abstract List<FieldValue> present(ByteBuffer buffer, int data, Snapshot snapshot);

  static boolean hasId(Field field) {
    return field.id() >= 0 && field.id() < Field.IDS;
  }

  static long read(ByteBuffer buffer, int at, int size) {
    return switch (size) {
      case Short.BYTES -> Short.toUnsignedLong((short) SHORT.get(buffer, at));
      case Integer.BYTES -> Integer.toUnsignedLong((int) INT.get(buffer, at));
      default -> (long) LONG.get(buffer, at);
    };
  }

  static void write(ByteBuffer buffer, int at, int size, long value) {
    switch (size) {
      case Short.BYTES -> SHORT.set(buffer, at, (short) value);
      case Integer.BYTES -> INT.set(buffer, at, (int) value);
      default -> LONG.set(buffer, at, value);
    }
  }
}
