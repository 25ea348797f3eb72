package dev.metakey.layout;

import dev.metakey.model.FieldUse;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Role;
import dev.metakey.model.Tag;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct metakey_record}: one METAKEY_PRODUCES or METAKEY_CONSUMES line of a BPF program.
 * The ELF section {@value #SECTION} is an array of these, and so is the frozen map that the kernel
 * makes of it. In the byte order of the object, which is that of the buffer.
 *
 * <pre>
 *    0          4           5        6        7        8                72                80
 *    | magic:32 | version:8 | role:8 | size:8 | alone:8| name: 64 bytes | {@link MarkStruct} |
 *    80                      96              100      101    102        103        104
 *    | registry_id: 16 bytes | generation:32 | slot:8 | id:8 | layout:8 | area/8:8 |
 * </pre>
 *
 * Everything after the name is zero until the program is linked.
 */
public final class RecordStruct {
  public static final String SECTION = ".rodata.metakey";

  public static final int MAGIC = 0;
  public static final int VERSION = MAGIC + Integer.BYTES;
  public static final int ROLE = VERSION + Byte.BYTES;
  public static final int SIZE = ROLE + Byte.BYTES;
  public static final int ALONE = SIZE + Byte.BYTES;
  public static final int NAME = ALONE + Byte.BYTES;
  public static final int MARK = NAME + KeyStruct.NAME_BYTES;
  public static final int REGISTRY_ID = MARK + MarkStruct.BYTES;
  public static final int GENERATION = REGISTRY_ID + 2 * Long.BYTES;
  public static final int SLOT = GENERATION + Integer.BYTES;
  public static final int ID = SLOT + Byte.BYTES;
  public static final int LAYOUT = ID + Byte.BYTES;
  public static final int AREA8 = LAYOUT + Byte.BYTES;
  public static final int BYTES = AREA8 + Byte.BYTES;

  /** "MKRC" in a little-endian object. */
  public static final int MAGIC_NUMBER = 0x43524b4d;

  public static final int CURRENT_VERSION = 2;

  private static final int MAX_ID = 63;

  private RecordStruct() {}

  /**
   * Fills in what linking knows; with null, clears it. The rest of the record stays.
   *
   * @param offset where the record starts in {@code buffer}, whose position does not matter
   */
  public static void putPlace(ByteBuffer buffer, int offset, FieldUse.@Nullable Place place) {
    buffer.put(offset + MARK, new byte[BYTES - MARK]);
    if (place == null) {
      return;
    }
    MarkStruct.put(buffer, offset + MARK, place.tag());
    ByteBuffer uuid = buffer.duplicate().order(ByteOrder.BIG_ENDIAN);
    uuid.putLong(offset + REGISTRY_ID, place.registryId().getMostSignificantBits());
    uuid.putLong(offset + REGISTRY_ID + Long.BYTES, place.registryId().getLeastSignificantBits());
    buffer.putInt(offset + GENERATION, place.generation());
    buffer.put(offset + SLOT, (byte) place.slot());
    buffer.put(offset + ID, (byte) place.id());
    buffer.put(offset + LAYOUT, (byte) place.layout().code());
    buffer.put(offset + AREA8, (byte) (place.areaBytes() / 8));
  }

  /**
   * Reads a record.
   *
   * @param offset where it starts in {@code buffer}, whose position does not matter; {@link #BYTES}
   *     must follow
   * @throws BadLayoutException if it is not a record; the message names the part that is wrong and
   *     its offset within the record
   */
  public static FieldUse get(ByteBuffer buffer, int offset) throws BadLayoutException {
    if (buffer.getInt(offset + MAGIC) != MAGIC_NUMBER) {
      throw bad(MAGIC, "magic 0x%08x is not 0x%08x".formatted(buffer.getInt(offset), MAGIC_NUMBER));
    }
    int version = Byte.toUnsignedInt(buffer.get(offset + VERSION));
    if (version != CURRENT_VERSION) {
      throw bad(
          VERSION, "version %d; this build knows version %d".formatted(version, CURRENT_VERSION));
    }
    Role role = Codes.find(Role.class, "role", buffer.get(offset + ROLE));
    int size = Byte.toUnsignedInt(buffer.get(offset + SIZE));
    if (size != 2 && size != 4 && size != 8) {
      throw bad(SIZE, "size %d; a value has 2, 4 or 8 bytes".formatted(size));
    }
    return new FieldUse(name(buffer, offset), size, role, place(buffer, offset));
  }

  /**
   * Whether the record is a variable of its own in its program, so that code which has an address
   * in it reaches no other record.
   *
   * @param offset as of {@link #get}
   */
  public static boolean isAlone(ByteBuffer buffer, int offset) {
    return buffer.get(offset + ALONE) == 1;
  }

  private static String name(ByteBuffer buffer, int offset) throws BadLayoutException {
    byte[] bytes = new byte[KeyStruct.NAME_BYTES];
    buffer.get(offset + NAME, bytes);
    int length = 0;
    while (length < bytes.length && bytes[length] != 0) {
      length++;
    }
    if (length == bytes.length) {
      throw bad(NAME, "the name does not end within %d bytes".formatted(bytes.length));
    }
    try {
      return Names.check(new String(bytes, 0, length, StandardCharsets.ISO_8859_1));
    } catch (MetakeyException e) {
      throw new BadLayoutException("+%d: %s".formatted(NAME, e.text()), e);
    }
  }

  private static FieldUse.@Nullable Place place(ByteBuffer buffer, int offset)
      throws BadLayoutException {
    if (buffer.get(offset + LAYOUT) == 0) {
      return null;
    }
    if (!MarkStruct.isAny(buffer, offset + MARK)) {
      throw bad(MARK, "no mark; a mark is six bytes that are not all zero, then two zero bytes");
    }
    int areaBytes = Byte.toUnsignedInt(buffer.get(offset + AREA8)) * 8;
    if (areaBytes < RegistryInfo.MIN_AREA_BYTES || areaBytes > RegistryInfo.MAX_AREA_BYTES) {
      throw bad(AREA8, "an area of %d bytes; 24 to 216 are allowed".formatted(areaBytes));
    }
    int id = Byte.toUnsignedInt(buffer.get(offset + ID));
    if (id > MAX_ID) {
      throw bad(ID, "id %d; ids are 0 to %d".formatted(id, MAX_ID));
    }
    ByteBuffer uuid = buffer.duplicate().order(ByteOrder.BIG_ENDIAN);
    return new FieldUse.Place(
        new UUID(
            uuid.getLong(offset + REGISTRY_ID), uuid.getLong(offset + REGISTRY_ID + Long.BYTES)),
        Codes.find(Layout.class, "layout", buffer.get(offset + LAYOUT)),
        areaBytes,
        Tag.get(buffer, offset + MARK + MarkStruct.TAG),
        id,
        buffer.getInt(offset + GENERATION),
        Byte.toUnsignedInt(buffer.get(offset + SLOT)));
  }

  private static BadLayoutException bad(int part, String fault) {
    return new BadLayoutException("+%d: %s".formatted(part, fault));
  }
}
