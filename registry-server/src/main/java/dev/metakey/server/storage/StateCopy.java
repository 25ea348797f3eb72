package dev.metakey.server.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The state copy beside the database: two files, written in turn, each a whole state as text
 * ({@link StateText}). While one is written the other one is whole. The files have room from the
 * start, so that a sync has no metadata of the file system to commit.
 *
 * <p><b>Durability.</b> A copy is written after the database has a change and before anybody is
 * told. So a database that is older than the copy has lost something, or was put back.
 */
final class StateCopy implements AutoCloseable {
  static final List<String> NAMES = List.of("state-copy.1", "state-copy.2");

  private static final int ROOM = 64 << 10;

  private final Path directory;
  private final StateText text = new StateText();
  private final @Nullable FileChannel[] slots = new FileChannel[NAMES.size()];

  /** How far each file has text; the rest is blank lines. */
  private final int[] used = {Integer.MAX_VALUE, Integer.MAX_VALUE};

  private long sequence;

  StateCopy(Path directory) {
    this.directory = directory;
  }

  /**
   * The copies that are whole, the newest first.
   *
   * @param faults gets what is wrong with the others
   * @throws NewerDataException if a newer metakeyd wrote one
   */
  static List<StateText.Parsed> read(Path directory, List<String> faults) throws StoreException {
    List<StateText.Parsed> whole = new ArrayList<>();
    for (String name : NAMES) {
      Path path = directory.resolve(name);
      try {
        whole.add(StateText.parse(Files.readAllBytes(path)));
      } catch (NewerDataException e) {
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

  /** The state survives a power loss when this returns. */
  void write(Contents contents) throws IOException {
    long next = sequence + 1;
    byte[] bytes = text.format(next, contents);
    int index = (int) (next % NAMES.size());
    FileChannel slot = slot(index);
    int old = (int) Math.min(slot.size(), used[index]);
    byte[] padded = Arrays.copyOf(bytes, Math.max(old, bytes.length));
    Arrays.fill(padded, bytes.length, padded.length, (byte) '\n');
    writeAll(slot, padded);
    slot.force(false);
    used[index] = bytes.length;
    sequence = next;
  }

  @Override
  public void close() {
    for (int i = 0; i < slots.length; i++) {
      FileChannel slot = slots[i];
      slots[i] = null;
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
      byte[] blank = new byte[(int) (ROOM - slot.size())];
      Arrays.fill(blank, (byte) '\n');
      slot.position(slot.size());
      slot.write(ByteBuffer.wrap(blank));
      slot.force(true);
      try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
        names.force(true);
      }
    }
    return slot;
  }

  private static void writeAll(FileChannel slot, byte[] bytes) throws IOException {
    ByteBuffer left = ByteBuffer.wrap(bytes);
    while (left.hasRemaining()) {
      slot.write(left, left.position());
    }
  }
}
