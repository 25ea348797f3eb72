package dev.metakey.packet;

import dev.metakey.layout.MarkStruct;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Every field at a distance of its own from the packet.
 *
 * <pre>
 *   data-area       data-slot                     data-16             data-8   data
 *     | ...           | value of size bytes | ... | presence bitmap:64 | mark   |
 * </pre>
 *
 * Bit k of the bitmap belongs to id k. What is not present is zero.
 */
final class SlottedCodec extends AreaCodec {
  private static final int PRESENCE = MarkStruct.BYTES + Long.BYTES;

  SlottedCodec(int areaBytes, Tag tag) {
    super(Layout.SLOTTED, areaBytes, tag);
  }

  /** Any bitmap is possible. */
  @Override
  boolean isSound(ByteBuffer buffer, int data) {
    return true;
  }

  @Override
  boolean hasPlace(Field field) {
    return hasId(field) && field.slot() >= PRESENCE + field.size() && field.slot() <= areaBytes();
  }

  @Override
  int locate(ByteBuffer buffer, int data, Field field) {
    return isPresent(presence(buffer, data), field.id()) ? data - field.slot() : -1;
  }

  /** The bitmap tells no sizes. */
  @Override
  boolean holdsAnother(ByteBuffer buffer, int data, Field field) {
    return false;
  }

  @Override
  int insert(ByteBuffer buffer, int data, Field field) {
    LONG.set(buffer, data - PRESENCE, presence(buffer, data) | 1L << field.id());
    return data - field.slot();
  }

  @Override
  void remove(ByteBuffer buffer, int data, Field field, int at) {
    LONG.set(buffer, data - PRESENCE, presence(buffer, data) & ~(1L << field.id()));
    write(buffer, at, field.size(), 0);
  }

  @Override
  List<FieldValue> present(ByteBuffer buffer, int data, Snapshot snapshot) {
    List<FieldValue> values = new ArrayList<>();
    long presence = presence(buffer, data);
    for (int id = 0; id < Field.IDS; id++) {
      if (isPresent(presence, id)) {
        values.add(value(buffer, data, id, snapshot));
      }
    }
    return values;
  }

  private FieldValue value(ByteBuffer buffer, int data, int id, Snapshot snapshot) {
    Field field = snapshot.byId(id);
    if (field == null || field.is(FieldState.FREE)) {
      return new FieldValue(id, 0, 0, null);
    }
    return hasPlace(field)
        ? new FieldValue(id, field.size(), read(buffer, data - field.slot(), field.size()), field)
        : new FieldValue(id, 0, 0, field);
  }

  private static long presence(ByteBuffer buffer, int data) {
    return (long) LONG.get(buffer, data - PRESENCE);
  }

  private static boolean isPresent(long presence, int id) {
    return (presence >>> id & 1) != 0;
  }
}
