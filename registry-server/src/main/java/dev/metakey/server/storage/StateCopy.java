package dev.metakey.server.storage;

import dev.metakey.model.Change;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The state copy beside the database: two files, written in turn, each a whole state as text
 * ({@link StateText}). While one is written the other one is whole. The files have room from the
 * start, so that a sync has no metadata of the file system to commit.
 *
 * <p><b>Durability.</b> A commit is one sync: that of the copy, which is written before the
 * database. What the database is then given survives the process, but perhaps not a power loss. So
 * a copy also has the changes since the database was synced last ({@link #isFull}, {@link
 * #settle}), and a start after a power loss commits them to it again. A database that is further
 * behind than that has lost something, or was put back.
 *
 * <p><b>Concurrency.</b> One thread at a time.
 */
final class StateCopy implements AutoCloseable {
  static final List<String> NAMES = List.of("state-copy.1", "state-copy.2");

  static final int ROOM = 64 << 10;
  private static final int MOST_UNSETTLED = 32;

  private final Path directory;
  private final StateText text = new StateText();
  private final @Nullable FileChannel[] slots = new FileChannel[NAMES.size()];
  private final @Nullable Object[] files = new Object[NAMES.size()];

  /** How far each file has text; the rest is blank lines. */
  private final int[] used = {Integer.MAX_VALUE, Integer.MAX_VALUE};

  private long sequence;

  /** The changes that a power loss may take from the database, as lines. */
  private final List<byte[]> unsettled = new ArrayList<>();

  StateCopy(Path directory) {
    this.directory = directory;
  }

  /**
   * The copies that are whole, the newest first.
   *
   * @param faults gets what is wrong with the others
   * @throws OtherFormatException if one has another format than this metakeyd reads
   */
  static List<StateText.Parsed> read(Path directory, List<String> faults) throws StoreException {
    List<StateText.Parsed> whole = new ArrayList<>();
    for (String name : NAMES) {
      Path path = directory.resolve(name);
      try {
        whole.add(StateText.parse(Files.readAllBytes(path)));
      } catch (OtherFormatException e) {
        throw e;
      } catch (NoSuchFileException e) {
        faults.add(path + " is missing");
      } catch (IOException | StoreException e) {
        faults.add("%s: %s".formatted(path, e.getMessage()));
      }
    }
    whole.sort(Comparator.comparingLong(StateText.Parsed::sequence).reversed());
    return whole;
  }

  /** Goes on after these copies: the next one is written over the oldest. */
  void continueAfter(List<StateText.Parsed> copies) {
    sequence = copies.stream().mapToLong(StateText.Parsed::sequence).max().orElse(0);
  }

  /**
   * State and changes survive a power loss when this returns.
   *
   * @param changes of the commit that led to it
   */
  void write(Contents contents, List<Change> changes) throws IOException {
    long ageMs = contents.state().clock().ageMs();
    changes.forEach(change -> unsettled.add(StateText.line(change, ageMs)));
    write(contents);
  }

  private void write(Contents contents) throws IOException {
    long next = sequence + 1;
    ByteBuffer bytes = text.format(next, contents, unsettled);
    int length = bytes.limit();
    int index = (int) (next % NAMES.size());
    FileChannel slot = slot(index);
    writeAll(slot, bytes, 0);
    int old = (int) Math.min(slot.size(), used[index]);
    if (old > length) {
      writeAll(slot, blank(old - length), length);
    }
    slot.force(false);
    used[index] = length;
    sequence = next;
  }

  /** Whether the database is to be synced, so that the copy need not grow. */
  boolean isFull() {
    return unsettled.size() >= MOST_UNSETTLED;
  }

  /** The database has been synced. */
  void settle() {
    unsettled.clear();
  }

  /**
   * Writes both, whether or not the files are still those that were written last.
   *
   * @param contents what the database holds and has synced
   */
  void renew(Contents contents) throws IOException {
    closeSlots();
    settle();
    for (String ignored : NAMES) {
      write(contents);
    }
  }

  /** Whether the files that are written to are those that a later start would find. */
  boolean isInPlace() {
    for (int i = 0; i < slots.length; i++) {
      if (slots[i] != null && !Objects.equals(files[i], fileKey(directory.resolve(NAMES.get(i))))) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable Object fileKey(Path path) {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .fileKey();
    } catch (IOException e) { // gone
      return null;
    }
  }

  @Override
  public void close() {
    closeSlots();
  }

  private void closeSlots() {
    for (int i = 0; i < slots.length; i++) {
      FileChannel slot = slots[i];
      slots[i] = null;
      used[i] = Integer.MAX_VALUE;
      if (slot != null) {
        try {
          slot.close();
        } catch (IOException ignored) {
          // What was written is synced.
        }
      }
    }
  }

  private FileChannel slot(int index) throws IOException {
    FileChannel slot = slots[index];
    if (slot == null) {
      slot = open(directory.resolve(NAMES.get(index)));
      slots[index] = slot;
      files[index] = fileKey(directory.resolve(NAMES.get(index)));
    }
    return slot;
  }

  private FileChannel open(Path path) throws IOException {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      Files.createFile(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    FileChannel slot = FileChannel.open(path, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    if (slot.size() < ROOM) {
      int size = (int) slot.size();
      writeAll(slot, blank(ROOM - size), size);
      slot.force(true);
      try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
        names.force(true);
      }
    }
    return slot;
  }

  private static ByteBuffer blank(int bytes) {
    byte[] blank = new byte[bytes];
    Arrays.fill(blank, (byte) '\n');
    return ByteBuffer.wrap(blank);
  }

  private static void writeAll(FileChannel slot, ByteBuffer bytes, long at) throws IOException {
    for (long next = at; bytes.hasRemaining(); ) {
      next += slot.write(bytes, next);
    }
  }
}
