package dev.metakey.layout;

import dev.metakey.model.Field;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * {@code registry.bin}: the whole registry in one table of fixed size, to be mapped into memory.
 * Host byte order: it never leaves the host. {@code struct metakey_file} in metakey.h is the same.
 *
 * <pre>
 *      0 +--------------------------------------+
 *        | magic: "METAKEY\0"                   |
 *      8 +------------------+-------------------+
 *        | version:32 = 2   | bytes:32 = 6272   |
 *     16 +------------------+-------------------+
 *        | struct metakey_header, 64 bytes,     |  {@link HeaderStruct}
 *        | starts with the sequence lock        |
 *     80 +--------------------------------------+
 *        | boot id: UUID, big-endian bytes      |  of the host's boot; zero: unknown
 *     96 +--------------------------------------+
 *        | zero                                 |
 *    128 +--------------------------------------+
 *        | struct metakey_key for id 0          |  {@link KeyStruct}, 96 bytes
 *    224 +--------------------------------------+
 *        | ... id 1 to 63                       |
 *   6272 +--------------------------------------+
 * </pre>
 *
 * <h2>Concurrency</h2>
 *
 * One writer, any number of readers in any process, no lock and no call between them: the sequence
 * lock. The writer makes seq odd, then writes, then makes it even again, two more than it was. A
 * reader reads seq, copies, reads seq again, and has a true copy if both are the same and even. The
 * fences keep the copying between the two looks, and the writing between the two stores; the copy
 * is interpreted only after it is known to be true. A writer that died in the middle leaves seq
 * odd: readers give up after a bounded number of tries, and the next daemon makes a new file.
 *
 * <h2>Durability</h2>
 *
 * It needs none: the file lives in /run and is made anew from the database. It is created whole
 * ({@link #create}: temporary file, fsync, rename) so that a reader never finds half of one, and
 * updated in place ({@link #update}), so that those who mapped it see every state.
 *
 * <p>Well-known fields are not in the file; {@link Snapshot} knows them.
 */
public final class RegistryFile {
  public static final int MAGIC = 0;
  public static final int VERSION = MAGIC + Long.BYTES;
  public static final int LENGTH = VERSION + Integer.BYTES;
  public static final int HEADER = LENGTH + Integer.BYTES;
  public static final int SEQ = HEADER + HeaderStruct.SEQ;
  public static final int BOOT_ID = HEADER + HeaderStruct.BYTES;
  public static final int PADDING = BOOT_ID + 2 * Long.BYTES;
  public static final int KEYS = 128;
  public static final int BYTES = KEYS + Field.IDS * KeyStruct.BYTES;

  public static final int CURRENT_VERSION = HeaderStruct.CURRENT_VERSION;

  private static final byte[] MAGIC_BYTES = "METAKEY\0".getBytes(StandardCharsets.US_ASCII);

  /** How often a reader tries: the first times at once, then every 100 us, for about 1 s in all. */
  private static final int TRIES = 10_000;

  private static final int TRIES_AT_ONCE = 100;
  private static final long PAUSE_NS = 100_000;

  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private RegistryFile() {}

  /**
   * A registry that was read.
   *
   * @param publishedAtMs wall-clock time of the daemon, milliseconds since 1970
   * @param bootId of the host when it was published; zero where that is not known
   */
  public record Published(Snapshot snapshot, long publishedAtMs, UUID bootId) {}

  /** Whose table it is, and from which boot of the host. */
  public record Origin(UUID registryId, UUID bootId) {}

  private static final UUID UNKNOWN_BOOT = new UUID(0, 0);

  /** A whole file, ready to be written to disk: position 0, limit {@link #BYTES}. */
  public static ByteBuffer create(Snapshot snapshot, long publishedAtMs) {
    return create(snapshot, publishedAtMs, UNKNOWN_BOOT);
  }

  /**
   * As {@link #create(Snapshot, long)}.
   *
   * @param bootId which boot of the host this is; whoever reads it later can tell whether it is old
   */
  public static ByteBuffer create(Snapshot snapshot, long publishedAtMs, UUID bootId) {
    ByteBuffer file = ByteBuffer.allocateDirect(BYTES).order(ByteOrder.nativeOrder());
    file.put(MAGIC, MAGIC_BYTES);
    file.putInt(VERSION, CURRENT_VERSION);
    file.putInt(LENGTH, BYTES);
    update(file, snapshot, publishedAtMs, bootId);
    return file;
  }

  /**
   * Whether the path is a table of this version, perhaps one whose writer died. A symbolic link
   * does not count, wherever it leads.
   */
  public static boolean isTable(Path path) {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) { // so a FIFO is never opened
      return false;
    }
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      if (channel.size() != BYTES) {
        return false;
      }
      ByteBuffer preamble = ByteBuffer.allocate(HEADER).order(ByteOrder.nativeOrder());
      channel.read(preamble, 0);
      checkPreamble(preamble);
      return true;
    } catch (IOException e) { // it is not there, or is something else
      return false;
    }
  }

  /**
   * Publishes a state in place. Only one thread of one process may do so.
   *
   * @param file a writable mapping of what {@link #create} made; its position and order do not
   *     count
   * @throws IllegalArgumentException if it is not direct, or too small
   */
  public static void update(ByteBuffer file, Snapshot snapshot, long publishedAtMs) {
    update(file, snapshot, publishedAtMs, UNKNOWN_BOOT);
  }

  /** As {@link #update(ByteBuffer, Snapshot, long)}, with the id of the host's boot. */
  public static void update(ByteBuffer file, Snapshot snapshot, long publishedAtMs, UUID bootId) {
    requireMapped(file);
    long writing = (long) LONG.get(file, SEQ) | 1; // odd already if a writer died
    LONG.setOpaque(file, SEQ, writing);
    VarHandle.releaseFence(); // no write below is seen before the odd seq
    HeaderStruct.put(file, HEADER, snapshot, publishedAtMs);
    ByteBuffer boot = file.duplicate().order(ByteOrder.BIG_ENDIAN);
    boot.putLong(BOOT_ID, bootId.getMostSignificantBits());
    boot.putLong(BOOT_ID + Long.BYTES, bootId.getLeastSignificantBits());
    for (int id = 0; id < Field.IDS; id++) {
      KeyStruct.put(file, KEYS + id * KeyStruct.BYTES, id, snapshot.byId(id));
    }
    LONG.setRelease(file, SEQ, writing + 1); // no write above is seen after the even seq
  }

  /** Makes a table void for good: no reader ever gets a true copy of it. */
  public static void invalidate(ByteBuffer file) {
    requireMapped(file);
    LONG.setRelease(file, SEQ, (long) LONG.get(file, SEQ) | 1);
  }

  /**
   * Reads a published file.
   *
   * @throws IOException if there is none, or it cannot be read; {@link BadLayoutException} if it is
   *     not one, or was being written at every try. The message starts with the path.
   */
  public static Published read(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      if (channel.size() < BYTES) { // reading beyond the end would be a SIGBUS
        throw new BadLayoutException("has %d bytes of %d".formatted(channel.size(), BYTES));
      }
      return decode(channel.map(FileChannel.MapMode.READ_ONLY, 0, BYTES));
    } catch (BadLayoutException e) {
      throw new BadLayoutException("%s: %s".formatted(path, e.getMessage()), e);
    }
  }

  /**
   * Which registry and which boot of the host a table belongs to, even if its writer died and left
   * it half written.
   *
   * @return null if it is not a table
   */
  public static @Nullable Origin origin(Path path) throws IOException {
    if (!isTable(path)) {
      return null;
    }
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      ByteBuffer start = ByteBuffer.allocate(KEYS);
      channel.read(start, 0);
      return new Origin(
          HeaderStruct.registryId(start, HEADER),
          new UUID(start.getLong(BOOT_ID), start.getLong(BOOT_ID + Long.BYTES)));
    }
  }

  /**
   * Reads the registry out of a mapping, while it may be written.
   *
   * @param file its position and order do not matter
   * @throws BadLayoutException if magic, version, size or a value is not what it should be, or if
   *     no copy was true after {@value #TRIES} tries
   * @throws IllegalArgumentException if it is not direct, or too small
   */
  public static Published decode(ByteBuffer file) throws BadLayoutException {
    requireMapped(file);
    checkPreamble(file.duplicate().order(ByteOrder.nativeOrder()));
    ByteBuffer copy = consistentCopy(file);
    RegistryInfo info = HeaderStruct.info(copy, HEADER);
    List<Field> fields = new ArrayList<>();
    for (int id = 0; id < Field.IDS; id++) {
      Field field = KeyStruct.get(copy, KEYS + id * KeyStruct.BYTES);
      if (field != null) {
        if (field.id() != id) {
          throw new BadLayoutException("id %d stands in the place of %d".formatted(field.id(), id));
        }
        fields.add(field);
      }
    }
    UUID bootId = new UUID(copy.getLong(BOOT_ID), copy.getLong(BOOT_ID + Long.BYTES));
    return new Published(
        snapshot(copy, info, fields), HeaderStruct.publishedAtMs(copy, HEADER), bootId);
  }

  private static Snapshot snapshot(ByteBuffer copy, RegistryInfo info, List<Field> fields)
      throws BadLayoutException {
    Snapshot snapshot;
    try {
      snapshot = Snapshot.of(info, fields);
    } catch (IllegalArgumentException e) {
      throw new BadLayoutException(String.valueOf(e.getMessage()), e);
    }
    if (!snapshot.header().equals(HeaderStruct.header(copy, HEADER))) {
      throw new BadLayoutException("its header does not belong to its fields");
    }
    return snapshot;
  }

  private static void checkPreamble(ByteBuffer file) throws BadLayoutException {
    byte[] magic = new byte[MAGIC_BYTES.length];
    file.get(MAGIC, magic);
    if (!Arrays.equals(magic, MAGIC_BYTES)) {
      throw new BadLayoutException("does not start with METAKEY: it is not a registry.bin");
    }
    if (file.getInt(VERSION) != CURRENT_VERSION) {
      throw new BadLayoutException(
          "has version %d; this build reads version %d"
              .formatted(file.getInt(VERSION), CURRENT_VERSION));
    }
    if (file.getInt(LENGTH) != BYTES) {
      throw new BadLayoutException(
          "says that it has %d bytes; version %d has %d"
              .formatted(file.getInt(LENGTH), CURRENT_VERSION, BYTES));
    }
  }

  private static ByteBuffer consistentCopy(ByteBuffer file) throws BadLayoutException {
    byte[] copy = new byte[BYTES];
    for (int tried = 0; tried < TRIES; tried++) {
      long before = (long) LONG.getAcquire(file, SEQ); // no read below is done before it
      if ((before & 1) == 0) {
        file.get(0, copy);
        VarHandle.acquireFence(); // no read above is done after the next
        if ((long) LONG.getOpaque(file, SEQ) == before) {
          return ByteBuffer.wrap(copy);
        }
      }
      pause(tried);
    }
    throw new BadLayoutException(
        "was being written at each of %d tries; its daemon may have died meanwhile: start metakeyd"
            .formatted(TRIES));
  }

  private static void pause(int tried) {
    if (tried < TRIES_AT_ONCE) {
      Thread.onSpinWait();
    } else {
      LockSupport.parkNanos(PAUSE_NS);
    }
  }

  private static void requireMapped(ByteBuffer file) {
    if (!file.isDirect() || file.limit() < BYTES) {
      throw new IllegalArgumentException(
          "a mapping or direct buffer of %d bytes is needed".formatted(BYTES));
    }
  }
}
