package dev.metakey.link;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.metakey.layout.RecordStruct;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Role;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A small BPF object: the ELF header, .text, .rodata.metakey, the names, and behind them the
 * headers of four sections, of which the first is null.
 */
final class ObjectBuilder {
  static final int TEXT_AT = 64;
  static final int RECORDS_AT = 80;
  static final int TEXT = 1;
  static final int RECORDS = 2;
  static final int NAMES = 3;

  private static final byte[] NAME_BYTES =
      ("\0.text\0" + RecordStruct.SECTION + "\0.strtab\0").getBytes(US_ASCII);

  final ByteBuffer bytes;
  final int namesAt;
  final int tableAt;

  ObjectBuilder(ByteOrder order, FieldUse... uses) {
    int recordBytes = uses.length * RecordStruct.BYTES;
    namesAt = RECORDS_AT + recordBytes;
    tableAt = (namesAt + NAME_BYTES.length + 7) / 8 * 8;
    bytes = ByteBuffer.allocate(tableAt + 4 * 64).order(order);
    bytes.put(
        0,
        new byte[] {
          0x7f, 'E', 'L', 'F', 2, (byte) (order.equals(ByteOrder.BIG_ENDIAN) ? 2 : 1), 1
        });
    bytes.putShort(16, (short) 1).putShort(18, (short) 247).putInt(20, 1).putLong(40, tableAt);
    bytes.putShort(52, (short) 64).putShort(58, (short) 64);
    bytes.putShort(60, (short) 4).putShort(62, (short) NAMES);
    for (int i = 0; i < uses.length; i++) {
      put(RECORDS_AT + i * RecordStruct.BYTES, uses[i]);
    }
    bytes.put(namesAt, NAME_BYTES);
    section(TEXT, 1, 1, TEXT_AT, 16);
    section(RECORDS, 7, 1, RECORDS_AT, recordBytes);
    section(NAMES, 24, 3, namesAt, NAME_BYTES.length);
  }

  private void put(int at, FieldUse use) {
    bytes.putInt(at + RecordStruct.MAGIC, RecordStruct.MAGIC_NUMBER);
    bytes.put(at + RecordStruct.VERSION, (byte) RecordStruct.CURRENT_VERSION);
    bytes.put(at + RecordStruct.ROLE, (byte) use.role().code());
    bytes.put(at + RecordStruct.SIZE, (byte) use.size());
    bytes.put(at + RecordStruct.NAME, use.name().getBytes(US_ASCII));
  }

  void section(int index, int name, int type, long offset, long size) {
    int at = at(index);
    bytes.putInt(at, name).putInt(at + 4, type).putLong(at + 24, offset).putLong(at + 32, size);
  }

  /** Where the header of a section starts. */
  int at(int index) {
    return tableAt + index * 64;
  }

  /** Where a record starts. */
  static int record(int index) {
    return RECORDS_AT + index * RecordStruct.BYTES;
  }

  byte[] array() {
    return bytes.array().clone();
  }

  static FieldUse produces(String name, int size) {
    return new FieldUse(name, size, Role.PRODUCES, null);
  }

  static FieldUse consumes(String name, int size) {
    return new FieldUse(name, size, Role.CONSUMES, null);
  }

  /** Two fields, in both byte orders. */
  static List<ObjectBuilder> twoFields() {
    return List.of(twoFields(ByteOrder.LITTLE_ENDIAN), twoFields(ByteOrder.BIG_ENDIAN));
  }

  static ObjectBuilder twoFields(ByteOrder order) {
    return new ObjectBuilder(order, produces("edge.hop", 2), consumes("edge.flow", 8));
  }
}
