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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The state copy beside the database: two files, written in turn, each a whole state as text
 * ({@link StateText}). While one is written the other one is whole. The files have room from the
 * start, so that a sync has no metadata of the file system to commit.
 *
 * <p><b>Durability.</b> A copy is written while the database is, so that a commit takes as long as
 * the slower of the two syncs, and nobody is told before both are done. Whoever is killed in
 * between leaves either one ahead, by one commit. A copy therefore has the changes of its commit
 * too: a database that is one commit behind is brought up with them. One that is further behind has
 * lost something, or was put back.
 *
 * <p><b>Concurrency.</b> One thread at a time. {@link #begin} writes on a thread of its own, and
 * nothing else may be called until that is done.
 */
final class StateCopy implements AutoCloseable {
  static final List<String> NAMES = List.of("state-copy.1", "state-copy.2");

  private static final int ROOM = 64 << 10;

  private final Path directory;
  private final StateText text = new StateText();
  private final @Nullable FileChannel[] slots = new FileChannel[NAMES.size()];
  private final @Nullable Object[] files = new Object[NAMES.size()];

  /** How far each file has text; the rest is blank lines. */
  private final int[] used = {Integer.MAX_VALUE, Integer.MAX_VALUE};

  private long sequence;

  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread writer = new Thread(task, "registry-copy");
            writer.setDaemon(true);
            return writer;
          });

  /** A copy that is being written. */
  interface Writing extends AutoCloseable {
    /** Waits until the copy survives a power loss. */
    @Override
    void close() throws IOException;
  }

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

  /** Writes while the caller does something else. */
  Writing begin(Contents contents, List<Change> changes) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    thread.execute(
        () -> {
          try {
            write(contents, changes);
            done.complete(null);
          } catch (IOException | RuntimeException | Error e) {
            done.completeExceptionally(e);
          }
        });
    return () -> await(done);
  }

  /** Whoever interrupts the caller does not end the writing. */
  private static void await(CompletableFuture<Void> done) throws IOException {
    try {
      done.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw e;
    }
  }

  /**
   * The state survives a power loss when this returns.
   *
   * @param changes of the commit that led to it
   */
  void write(Contents contents, List<Change> changes) throws IOException {
    long next = sequence + 1;
    byte[] bytes = text.format(next, contents, changes);
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

  /** Writes both, whether or not the files are still those that were written last. */
  void renew(Contents contents) throws IOException {
    closeSlots();
    for (String ignored : NAMES) {
      write(contents, List.of());
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
    endThread();
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

  private void endThread() {
    thread.shutdown();
    boolean interrupted = false;
    while (!thread.isTerminated()) {
      try {
        var unused = thread.awaitTermination(1, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
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
