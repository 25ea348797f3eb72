package dev.metakey.layout;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.Reservation;
import dev.metakey.model.Sharing;
import dev.metakey.model.Stamp;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct metakey_key}: what is known of one id, in {@code registry.bin} and as the value of
 * the pinned maps {@code ids} and {@code names}. Host byte order.
 *
 * <pre>
 *    0                64            72              76        78     79       80
 *    | name: 64 bytes | revision:64 | generation:32 | slot:16 | id:8 | size:8 |
 *    80        81         82        83          84             88          89      96
 *    | state:8 | format:8 | merge:8 | sharing:8 | owner_uid:32 | foreign:8 | zero  |
 * </pre>
 *
 * name ends with NUL; if it is empty, the id was never used, owner_uid names nobody, and everything
 * else but id is 0. revision is the one at which the field came into being. state, format, merge
 * and sharing hold the {@code code()} of the value type. owner_uid is that of the first owner if
 * that is a user; 0xffffffff where it is a unit, a claim of containers, or nobody.
 */
public final class KeyStruct {
  public static final int NAME = 0;
  public static final int NAME_BYTES = Names.MAX_BYTES + 1;
  public static final int REVISION = NAME + NAME_BYTES;
  public static final int GENERATION = REVISION + Long.BYTES;
  public static final int SLOT = GENERATION + Integer.BYTES;
  public static final int ID = SLOT + Short.BYTES;
  public static final int SIZE = ID + Byte.BYTES;
  public static final int STATE = SIZE + Byte.BYTES;
  public static final int FORMAT = STATE + Byte.BYTES;
  public static final int MERGE = FORMAT + Byte.BYTES;
  public static final int SHARING = MERGE + Byte.BYTES;
  public static final int OWNER_UID = SHARING + Byte.BYTES;
  public static final int FOREIGN = OWNER_UID + Integer.BYTES;
  public static final int RESERVED = FOREIGN + Byte.BYTES;
  public static final int BYTES = RESERVED + 7;

  /** The owner_uid if there is no owner, or the first one is not a user; no user has this uid. */
  public static final int NO_OWNER = -1;

  /**
   * Stands for a text that the struct has no room for: the owner's service, and who reserved the
   * name.
   */
  public static final String UNKNOWN = "?";

  private KeyStruct() {}

  /**
   * Writes one id.
   *
   * @param offset where the struct starts in {@code buffer}, whose position and order do not matter
   * @param id 0-63
   * @param field the field that has the id; null if none ever had
   */
  public static void put(ByteBuffer buffer, int offset, int id, @Nullable Field field) {
    ByteBuffer host = buffer.duplicate().order(ByteOrder.nativeOrder());
    host.put(offset, new byte[BYTES]);
    host.put(offset + ID, (byte) id);
    host.putInt(offset + OWNER_UID, NO_OWNER);
    if (field != null) {
      put(host, offset, field);
    }
  }

  private static void put(ByteBuffer host, int offset, Field field) {
    FieldSpec spec = field.spec();
    host.put(offset + NAME, spec.name().getBytes(StandardCharsets.US_ASCII));
    host.putLong(offset + REVISION, field.created().revision());
    host.putInt(offset + GENERATION, field.generation());
    host.putShort(offset + SLOT, (short) field.slot());
    host.put(offset + SIZE, (byte) spec.size());
    host.put(offset + STATE, (byte) field.state().code());
    host.put(offset + FORMAT, (byte) spec.format().code());
    host.put(offset + MERGE, (byte) spec.merge().code());
    host.put(offset + SHARING, (byte) spec.sharing().code());
    if (!field.owners().isEmpty()) {
      host.putInt(offset + OWNER_UID, field.owners().get(0).uid());
    }
    host.put(offset + FOREIGN, (byte) (field.isForeign() ? 1 : 0));
  }

  /**
   * Reads one id.
   *
   * @return null if no field ever had the id. A field has no description, ttl or times; the service
   *     of its owner and who reserved it are {@link #UNKNOWN}.
   * @throws BadLayoutException if it is not a field
   */
  public static @Nullable Field get(ByteBuffer buffer, int offset) throws BadLayoutException {
    ByteBuffer host = buffer.duplicate().order(ByteOrder.nativeOrder());
    String name = name(host, offset);
    if (name.isEmpty()) {
      return null;
    }
    FieldState state = Codes.find(FieldState.class, "state", host.get(offset + STATE));
    boolean foreign = host.get(offset + FOREIGN) != 0;
    boolean reserved = foreign || state == FieldState.RESERVED;
    int uid = host.getInt(offset + OWNER_UID);
    return new Field.Builder(
            Byte.toUnsignedInt(host.get(offset + ID)), spec(host, offset, name), state)
        .generation(host.getInt(offset + GENERATION))
        .slot(Short.toUnsignedInt(host.getShort(offset + SLOT)))
        .owners(uid == NO_OWNER ? List.of() : List.of(new Owner(uid, UNKNOWN)))
        .reservation(reserved ? new Reservation(foreign, UNKNOWN) : null)
        .created(new Stamp(host.getLong(offset + REVISION), 0))
        .build();
  }

  private static String name(ByteBuffer host, int offset) throws BadLayoutException {
    byte[] bytes = new byte[NAME_BYTES];
    host.get(offset + NAME, bytes);
    for (int length = 0; length < bytes.length; length++) {
      if (bytes[length] == 0) {
        return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
      }
    }
    throw new BadLayoutException("a name does not end within %d bytes".formatted(NAME_BYTES));
  }

  private static FieldSpec spec(ByteBuffer host, int offset, String name)
      throws BadLayoutException {
    Format format = Codes.find(Format.class, "format", host.get(offset + FORMAT));
    Merge merge = Codes.find(Merge.class, "merge", host.get(offset + MERGE));
    Sharing sharing = Codes.find(Sharing.class, "sharing", host.get(offset + SHARING));
    try {
      return new FieldSpec(name, host.get(offset + SIZE), "", format, merge, sharing, 0);
    } catch (MetakeyException e) {
      throw new BadLayoutException("a key is not a field: " + e.text(), e);
    }
  }
}
