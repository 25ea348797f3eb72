package dev.metakey.layout;

import dev.metakey.model.Header;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;

/**
 * {@code struct metakey_header}: the registry itself, in {@code registry.bin} and as the value of
 * the pinned map {@code header}. Host byte order.
 *
 * <pre>
 *    0        8        16        24         32            48      49     50         52        56              64
 *    | seq:64 | high:64 | low:64 | revision | registry_id | layout | area | version | zero:32 | published_at |
 *    |        |         |        |    :64   |  16 bytes   |   :8   | /8:8 |     :16 |         |    _ms:64    |
 * </pre>
 *
 * seq is the sequence lock, odd while the rest is written; it belongs to whoever owns the memory,
 * and {@link #put} leaves it alone. registry_id has the bytes of the UUID in the order of its text
 * form, whatever the host's byte order.
 */
public final class HeaderStruct {
  public static final int SEQ = 0;
  public static final int HIGH = SEQ + Long.BYTES;
  public static final int LOW = HIGH + Long.BYTES;
  public static final int REVISION = LOW + Long.BYTES;
  public static final int REGISTRY_ID = REVISION + Long.BYTES;
  public static final int LAYOUT = REGISTRY_ID + 2 * Long.BYTES;
  public static final int AREA8 = LAYOUT + Byte.BYTES;
  public static final int VERSION = AREA8 + Byte.BYTES;
  public static final int RESERVED1 = VERSION + Short.BYTES;
  public static final int PUBLISHED_AT_MS = RESERVED1 + Integer.BYTES;
  public static final int BYTES = PUBLISHED_AT_MS + Long.BYTES;

  /** The version of {@code registry.bin} and of the pinned maps alike. */
  public static final int CURRENT_VERSION = 2;

  private HeaderStruct() {}

  /**
   * Writes everything but seq.
   *
   * @param offset where the struct starts in {@code buffer}, whose position and order do not matter
   * @param publishedAtMs wall-clock time, milliseconds since 1970
   */
  public static void put(ByteBuffer buffer, int offset, Snapshot snapshot, long publishedAtMs) {
    ByteBuffer host = buffer.duplicate().order(ByteOrder.nativeOrder());
    RegistryInfo info = snapshot.info();
    Header header = snapshot.header();
    host.putLong(offset + HIGH, header.high());
    host.putLong(offset + LOW, header.low());
    host.putLong(offset + REVISION, info.revision());
    ByteBuffer uuid = buffer.duplicate().order(ByteOrder.BIG_ENDIAN);
    uuid.putLong(offset + REGISTRY_ID, info.registryId().getMostSignificantBits());
    uuid.putLong(offset + REGISTRY_ID + Long.BYTES, info.registryId().getLeastSignificantBits());
    host.put(offset + LAYOUT, (byte) info.layout().code());
    host.put(offset + AREA8, (byte) (info.areaBytes() / 8));
    host.putShort(offset + VERSION, (short) CURRENT_VERSION);
    host.putInt(offset + RESERVED1, 0);
    host.putLong(offset + PUBLISHED_AT_MS, publishedAtMs);
  }

  /**
   * Reads what the struct says of the registry itself.
   *
   * @throws BadLayoutException if this build does not know the version or the layout
   */
  public static RegistryInfo info(ByteBuffer buffer, int offset) throws BadLayoutException {
    ByteBuffer host = buffer.duplicate().order(ByteOrder.nativeOrder());
    int version = Short.toUnsignedInt(host.getShort(offset + VERSION));
    if (version != CURRENT_VERSION) {
      throw new BadLayoutException(
          "has version %d; this build reads version %d".formatted(version, CURRENT_VERSION));
    }
    return new RegistryInfo(
        registryId(buffer, offset),
        host.getLong(offset + REVISION),
        Codes.find(Layout.class, "layout", host.get(offset + LAYOUT)),
        Byte.toUnsignedInt(host.get(offset + AREA8)) * 8);
  }

  /** The id of the registry whose state this is. */
  public static UUID registryId(ByteBuffer buffer, int offset) {
    ByteBuffer uuid = buffer.duplicate().order(ByteOrder.BIG_ENDIAN);
    return new UUID(
        uuid.getLong(offset + REGISTRY_ID), uuid.getLong(offset + REGISTRY_ID + Long.BYTES));
  }

  static Header header(ByteBuffer buffer, int offset) {
    ByteBuffer host = buffer.duplicate().order(ByteOrder.nativeOrder());
    return new Header(host.getLong(offset + HIGH), host.getLong(offset + LOW));
  }

  static long publishedAtMs(ByteBuffer buffer, int offset) {
    return buffer.duplicate().order(ByteOrder.nativeOrder()).getLong(offset + PUBLISHED_AT_MS);
  }
}
