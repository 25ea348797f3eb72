package dev.metakey.server.kernel;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import dev.metakey.layout.HeaderStruct;
import dev.metakey.layout.KeyStruct;
import dev.metakey.model.Field;
import dev.metakey.model.Snapshot;
import dev.metakey.server.files.TrustedDirectory;
import dev.metakey.server.files.TrustedDirectory.Use;
import dev.metakey.server.publication.Outlet;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The registry as three pinned maps, for programs and for whoever reads without asking: {@code
 * header}, {@code ids} by id and {@code names} by name. docs/formats.md shows them.
 *
 * <h2>Concurrency</h2>
 *
 * seq in {@code header} is the sequence lock of all three. It is made odd, then everything is
 * written, then it is made even. No map can be written through a mapping: programs must not change
 * it, and the kernel grants either both or neither. So each step is a system call that copies a
 * whole value. Within a copy nothing is ordered: therefore the header is copied once with nothing
 * but seq changed, once with the new state under the same odd seq, and once more with nothing but
 * seq changed. Between copies there is a full fence. A seq that is seen half copied deceives
 * nobody: the step to odd changes one byte, and during the step to even the lowest byte is never
 * that of the even seq before.
 *
 * <h2>One set</h2>
 *
 * Maps that fit go on being used, whoever made them, so that those who hold them see every state.
 * Unless all three fit, all three are replaced: the seq of the old header stays odd for good, which
 * sends its readers to open the maps anew, and the new maps are complete before they take the pins'
 * places, the header last. So whoever opens the header first has maps that belong together.
 *
 * <p>Nothing is kept between publications, neither fds nor what was written: a pin that somebody
 * removed, a file system that was mounted anew, and what a daemon left that was killed half-way are
 * all made good by the next publication.
 */
public final class PinnedMaps implements Outlet {
  static final BpfMap.Shape HEADER =
      new BpfMap.Shape(
          "mk_header",
          BpfMap.ARRAY,
          Integer.BYTES,
          HeaderStruct.BYTES,
          1,
          BpfMap.F_MMAPABLE | BpfMap.F_RDONLY_PROG);

  static final BpfMap.Shape IDS =
      new BpfMap.Shape(
          "mk_ids", BpfMap.ARRAY, Integer.BYTES, KeyStruct.BYTES, Field.IDS, BpfMap.F_RDONLY_PROG);

  static final BpfMap.Shape NAMES =
      new BpfMap.Shape(
          "mk_names",
          BpfMap.HASH,
          KeyStruct.NAME_BYTES,
          KeyStruct.BYTES,
          2 * Field.IDS,
          BpfMap.F_RDONLY_PROG);

  private static final long BPF_FS_MAGIC = 0xcafe4a11L;
  private static final int STATFS_BYTES = 256; // of the struct: 120; it starts with the type

  private final Path directory;
  private final LongSupplier clockMs;

  /**
   * @param directory in a bpf file system; made if need be
   * @param clockMs milliseconds since 1970
   */
  public PinnedMaps(Path directory, LongSupplier clockMs) {
    this.directory = directory;
    this.clockMs = clockMs;
  }

  @Override
  public String name() {
    return "maps";
  }

  @Override
  public Path path() {
    return directory;
  }

  @Override
  public void publish(Snapshot snapshot) throws IOException {
    Libc.load();
    try {
      makeDirectory(directory);
      if (!writeOn(snapshot)) {
        replace(snapshot);
      }
    } catch (AccessDeniedException e) {
      throw new IOException(
          e.getFile() + " may not be written; run metakeyd as root, or give it a directory there",
          e);
    }
  }

  @Override
  public boolean isIntact() {
    return Stream.of(HEADER, IDS, NAMES).allMatch(shape -> Files.exists(pin(shape)));
  }

  /** A reader that holds the maps sees a seq that stays odd, and finds no other maps to open. */
  @Override
  public void withdraw(UUID registryId) throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS) || !isIntact()) {
      return;
    }
    TrustedDirectory.check(Use.MAPS, directory);
    Libc.load();
    try (BpfMap header = BpfMap.openPinned(pin(HEADER))) {
      if (header == null || !header.shape().equals(HEADER) || !isOf(registryId, header)) {
        return;
      }
      var unused = beginWriting(header); // and never end it
    }
    for (BpfMap.Shape shape : List.of(HEADER, NAMES, IDS)) {
      Files.deleteIfExists(pin(shape));
    }
    try {
      Files.delete(directory);
    } catch (DirectoryNotEmptyException e) {
      // somebody keeps something else in it
    }
  }

  private static boolean isOf(UUID registryId, BpfMap header) throws BpfException {
    byte[] value = Objects.requireNonNull(header.lookup(BpfMap.key(0)), "an array has its keys");
    return HeaderStruct.registryId(ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()), 0)
        .equals(registryId);
  }

  /**
   * Makes the directory if it is missing. In most bpf file systems anybody may make directories, so
   * one that is there is checked.
   */
  static void makeDirectory(Path directory) throws IOException {
    requireNoDot(directory);
    TrustedDirectory.check(Use.MAPS, directory);
    if (!Files.isDirectory(directory)) {
      requireBpffs(Objects.requireNonNullElse(directory.toAbsolutePath().getParent(), directory));
      Files.createDirectory(directory);
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    requireBpffs(directory);
    TrustedDirectory.check(Use.MAPS, directory);
  }

  private static void requireBpffs(Path mounted) throws IOException {
    if (!Files.isDirectory(mounted)) {
      throw new IOException(
          "%s is not a directory; make it, and mount a bpf file system: mount -t bpf bpf %s"
              .formatted(mounted, mounted));
    }
    if (!isBpffs(mounted)) {
      throw new IOException(
          "%s is not in a bpf file system; mount one: mount -t bpf bpf %s"
              .formatted(mounted, mounted));
    }
  }

  /**
   * Refuses a name that bpf file systems do not allow: the kernel would only say, even to a mere
   * look, that the operation is not permitted.
   */
  private static void requireNoDot(Path directory) throws IOException {
    Path parent = directory.toAbsolutePath().getParent();
    if (parent != null
        && String.valueOf(directory.getFileName()).contains(".")
        && Files.isDirectory(parent)
        && isBpffs(parent)) {
      throw new IOException(
          "%s: names with dots are not allowed in a bpf file system; choose another with --bpffs"
              .formatted(directory));
    }
  }

  private static boolean isBpffs(Path path) throws IOException {
    try (Memory statfs = Bpf.zeroed(STATFS_BYTES)) {
      var unused = Libc.statfs(path.toString(), statfs);
      return statfs.getLong(0) == BPF_FS_MAGIC;
    } catch (LastErrorException e) {
      throw new IOException("statfs %s: %s".formatted(path, e.getMessage()), e);
    }
  }

  /**
   * Writes to the maps that are there.
   *
   * @return false if they do not fit
   */
  private boolean writeOn(Snapshot snapshot) throws IOException {
    try (BpfMap header = BpfMap.openPinned(pin(HEADER));
        BpfMap ids = BpfMap.openPinned(pin(IDS));
        BpfMap names = BpfMap.openPinned(pin(NAMES))) {
      if (header == null || !header.shape().equals(HEADER)) {
        return false;
      }
      if (ids == null
          || !ids.shape().equals(IDS)
          || names == null
          || !names.shape().equals(NAMES)) {
        beginWriting(header); // and never end it
        return false;
      }
      write(snapshot, header, ids, names);
      return true;
    }
  }

  private void replace(Snapshot snapshot) throws IOException {
    try (BpfMap header = BpfMap.create(HEADER);
        BpfMap ids = BpfMap.create(IDS);
        BpfMap names = BpfMap.create(NAMES)) {
      write(snapshot, header, ids, names);
      pin(names);
      pin(ids);
      pin(header);
    }
  }

  /** Replaces what is pinned there, in one step. */
  private void pin(BpfMap map) throws IOException {
    Path path = pin(map.shape());
    Path temporary = path.resolveSibling(path.getFileName() + "_new"); // bpffs allows no dots
    Files.deleteIfExists(temporary);
    map.pin(temporary);
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rw-r--r--"));
    Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
  }

  /** {@code mk_ids} is pinned as {@code ids}. */
  private Path pin(BpfMap.Shape shape) {
    return directory.resolve(shape.name().substring("mk_".length()));
  }

  private void write(Snapshot snapshot, BpfMap header, BpfMap ids, BpfMap names)
      throws BpfException {
    byte[] value = beginWriting(header);
    for (int id = 0; id < Field.IDS; id++) {
      ids.update(BpfMap.key(id), struct(id, snapshot.byId(id)));
    }
    writeNames(snapshot, names);
    ByteBuffer struct = ByteBuffer.wrap(value).order(ByteOrder.nativeOrder());
    HeaderStruct.put(struct, 0, snapshot, clockMs.getAsLong());
    header.update(BpfMap.key(0), value);
    VarHandle.fullFence();
    struct.putLong(HeaderStruct.SEQ, struct.getLong(HeaderStruct.SEQ) + 1);
    header.update(BpfMap.key(0), value);
  }

  /** Makes seq odd, unless a daemon that died left it odd, and returns what the header holds. */
  private static byte[] beginWriting(BpfMap header) throws BpfException {
    byte[] value = Objects.requireNonNull(header.lookup(BpfMap.key(0)), "an array has its keys");
    ByteBuffer struct = ByteBuffer.wrap(value).order(ByteOrder.nativeOrder());
    struct.putLong(HeaderStruct.SEQ, struct.getLong(HeaderStruct.SEQ) | 1);
    header.update(BpfMap.key(0), value);
    VarHandle.fullFence();
    return value;
  }

  /** First takes out the names that are no more, so that there is always room. */
  private static void writeNames(Snapshot snapshot, BpfMap names) throws BpfException {
    Map<String, Field> wanted = new LinkedHashMap<>();
    for (Field field : snapshot.fields()) {
      wanted.put(text(nameKey(field.name())), field);
    }
    for (String key : keys(names)) {
      if (!wanted.containsKey(key)) {
        names.delete(key.getBytes(StandardCharsets.ISO_8859_1));
      }
    }
    for (Field field : wanted.values()) {
      names.update(nameKey(field.name()), struct(field.id(), field));
    }
  }

  private static Set<String> keys(BpfMap map) throws BpfException {
    Set<String> keys = new HashSet<>();
    byte[] key = map.nextKey(null);
    while (key != null
        && keys.add(text(key))) { // a key that was seen before: others change the map
      key = map.nextKey(key);
    }
    return keys;
  }

  /** Any bytes as a text: equal bytes give equal texts. */
  private static String text(byte[] key) {
    return new String(key, StandardCharsets.ISO_8859_1);
  }

  /** A name as a key of its map: padded with NUL bytes. */
  static byte[] nameKey(String name) {
    return Arrays.copyOf(name.getBytes(StandardCharsets.US_ASCII), KeyStruct.NAME_BYTES);
  }

  private static byte[] struct(int id, @Nullable Field field) {
    ByteBuffer struct = ByteBuffer.allocate(KeyStruct.BYTES);
    KeyStruct.put(struct, 0, id, field);
    return struct.array();
  }
}
