package dev.metakey.layout;

import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Tag;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * {@code struct metakey_tag}: the tag, and the registry, layout and area that it stands for. The
 * whole of the file {@code tag}, and the value of the pinned map {@code tag}. Host byte order.
 *
 * <pre>
 *    0          4            8             24            32             38         39       40
 *    | magic:32 | version:32 | registry_id | revision:64 | tag: 6 bytes | layout:8 | area/8:8 |
 * </pre>
 *
 * The revision is the one at which it was published; it is published again only when something else
 * in it changes.
 */
public final class TagStruct {
  public static final int MAGIC = 0;
  public static final int VERSION = MAGIC + Integer.BYTES;
  public static final int REGISTRY_ID = VERSION + Integer.BYTES;
  public static final int REVISION = REGISTRY_ID + 2 * Long.BYTES;
  public static final int TAG = REVISION + Long.BYTES;
  public static final int LAYOUT = TAG + Tag.BYTES;
  public static final int AREA8 = LAYOUT + Byte.BYTES;
  public static final int BYTES = AREA8 + Byte.BYTES;

  /** "MKTG" on a little-endian host. */
  public static final int MAGIC_NUMBER = 0x47544b4d;

  public static final int CURRENT_VERSION = 1;

  private TagStruct() {}

  /**
   * What a struct says.
   *
   * @param info of the registry when it was published
   */
  public record Published(RegistryInfo info, Tag tag) {
    /** Whether the tag stands for the areas of this registry. */
    public boolean isOf(RegistryInfo registry) {
      return info.registryId().equals(registry.registryId())
          && info.layout() == registry.layout()
          && info.areaBytes() == registry.areaBytes();
    }

    /** Whether it says the same as another, whatever the revision. */
    public boolean says(Published other) {
      return isOf(other.info) && tag.equals(other.tag);
    }
  }

  /** The struct, ready to be written: position 0, limit {@link #BYTES}. */
  public static ByteBuffer create(RegistryInfo info, Tag tag) {
    ByteBuffer struct = ByteBuffer.allocate(BYTES).order(ByteOrder.nativeOrder());
    struct.putInt(MAGIC, MAGIC_NUMBER);
    struct.putInt(VERSION, CURRENT_VERSION);
    struct.putLong(REVISION, info.revision());
    tag.put(struct, TAG);
    struct.put(LAYOUT, (byte) info.layout().code());
    struct.put(AREA8, (byte) (info.areaBytes() / 8));
    ByteBuffer uuid = struct.duplicate().order(ByteOrder.BIG_ENDIAN);
    uuid.putLong(REGISTRY_ID, info.registryId().getMostSignificantBits());
    uuid.putLong(REGISTRY_ID + Long.BYTES, info.registryId().getLeastSignificantBits());
    return struct;
  }

  /**
   * Reads a struct.
   *
   * @throws BadLayoutException if it is not a tag
   */
  public static Published parse(byte[] bytes) throws BadLayoutException {
    if (bytes.length != BYTES) {
      throw new BadLayoutException("has %d bytes; a tag has %d".formatted(bytes.length, BYTES));
    }
    ByteBuffer struct = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    if (struct.getInt(MAGIC) != MAGIC_NUMBER) {
      throw new BadLayoutException("does not start with MKTG: it is not a published tag");
    }
    if (struct.getInt(VERSION) != CURRENT_VERSION) {
      throw new BadLayoutException(
          "has version %d; this build reads version %d"
              .formatted(struct.getInt(VERSION), CURRENT_VERSION));
    }
    ByteBuffer uuid = struct.duplicate().order(ByteOrder.BIG_ENDIAN);
    Tag tag = Tag.get(struct, TAG);
    if (tag.isNone()) {
      throw new BadLayoutException("has a tag of zeros");
    }
    return new Published(
        new RegistryInfo(
            new UUID(uuid.getLong(REGISTRY_ID), uuid.getLong(REGISTRY_ID + Long.BYTES)),
            struct.getLong(REVISION),
            Codes.find(Layout.class, "layout", struct.get(LAYOUT)),
            Byte.toUnsignedInt(struct.get(AREA8)) * 8),
        tag);
  }

  /**
   * Reads a published file.
   *
   * @throws IOException if there is no file, it may not be read, or it is not a tag; the message
   *     starts with the path
   */
  public static Published read(Path path) throws IOException {
    try {
      return parse(Files.readAllBytes(path));
    } catch (BadLayoutException e) {
      throw new BadLayoutException("%s: %s".formatted(path, e.getMessage()), e);
    }
  }
}
