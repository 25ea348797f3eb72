package dev.metakey.server.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The directory that the database lives in, and the lock that keeps a second daemon out of it. The
 * lock is ours, not RocksDB's, so that the refusal can tell who holds it; it is held from the first
 * {@link #claim} to {@link #close}, also while the database is closed in between.
 */
final class DataDirectory implements AutoCloseable {
  private static final String LOCK_FILE = "metakeyd.lock";

  /** Less free space than this and RocksDB may fail half-way through opening. */
  private static final long MIN_FREE_BYTES = 4 << 20;

  /** POSIX lets go of a lock as soon as the process closes any channel to the file. */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path path;
  private @Nullable Path held;
  private @Nullable FileChannel channel;

  DataDirectory(Path path) {
    this.path = path.toAbsolutePath().normalize();
  }

  Path path() {
    return path;
  }

  /** Makes the directory if it is missing, checks it, and locks it unless it is locked by us. */
  void claim() throws StoreException {
    try {
      create(path);
      if (channel == null) {
        lock(path.toRealPath());
      }
      long free = Files.getFileStore(path).getUsableSpace();
      if (free < MIN_FREE_BYTES) {
        throw full(null);
      }
    } catch (IOException e) {
      throw explain("cannot be used", e);
    }
  }

  @Override
  public void close() {
    FileChannel open = channel;
    Path real = held;
    channel = null;
    held = null;
    if (open != null) {
      closeQuietly(open);
    }
    if (real != null) {
      HELD.remove(real);
    }
  }

  /** What went wrong with the directory: the reason that can be seen, else the one that is told. */
  StoreException explain(String what, Exception cause) {
    try {
      FileStore fileStore = Files.getFileStore(path);
      if (fileStore.isReadOnly()) {
        return failure(
            what,
            "its file system is mounted read-only",
            "mount it read-write, or choose another with --data",
            cause);
      }
      if (fileStore.getUsableSpace() == 0) {
        return full(cause);
      }
    } catch (IOException unknown) {
      cause.addSuppressed(unknown);
    }
    String reason = cause.getMessage();
    if (cause instanceof AccessDeniedException) {
      return denied(what, cause);
    }
    if (cause instanceof FileSystemException file && file.getReason() != null) {
      reason = file.getReason() + ": " + file.getFile();
    }
    return failure(what, reason, "check the disk and the directory's permissions", cause);
  }

  StoreException full(@Nullable Throwable cause) {
    return failure(
        "cannot be written",
        "its file system is full (metakeyd wants %d MB free)".formatted(MIN_FREE_BYTES >> 20),
        "free some space; metakeyd goes on by itself",
        cause);
  }

  /** One sentence: what, why, and what to do. */
  StoreException failure(
      String what, @Nullable String why, String remedy, @Nullable Throwable cause) {
    return new StoreException(
        "data directory %s %s: %s; %s".formatted(path, what, why, remedy), cause);
  }

  private StoreException denied(String what, Exception cause) {
    String owner;
    try {
      owner = "it belongs to " + Files.getOwner(path).getName();
    } catch (IOException unknown) {
      owner = "the directory above it cannot be written";
    }
    String user = System.getProperty("user.name");
    return failure(
        what,
        "metakeyd runs as %s and has no permission (%s)".formatted(user, owner),
        "run `chown -R %s %s`, or choose another with --data".formatted(user, path),
        cause);
  }

  private void create(Path directory) throws IOException, StoreException {
    if (Files.isDirectory(directory)) {
      return;
    }
    if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      throw failure(
          "cannot be used",
          directory + " is not a directory",
          "move it away, or choose another with --data",
          null);
    }
    Path parent = directory.getParent();
    if (parent != null) {
      create(parent);
    }
    if (directory.equals(path)) {
      Files.createDirectory(directory, mode("rwx------"));
    } else {
      Files.createDirectory(directory);
    }
    if (parent != null) {
      // A directory whose name is lost with the power takes the database along.
      try (FileChannel names = FileChannel.open(parent, StandardOpenOption.READ)) {
        names.force(true);
      }
    }
  }

  private void lock(Path real) throws IOException, StoreException {
    Path file = real.resolve(LOCK_FILE);
    if (!HELD.add(real)) {
      throw locked("this process");
    }
    FileChannel opened = null;
    try {
      opened =
          FileChannel.open(
              file,
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
              mode("rw-------"));
      FileLock lock = opened.tryLock();
      if (lock == null) {
        throw locked("process " + readPid(opened));
      }
      opened.truncate(0);
      opened.write(utf8(ProcessHandle.current().pid() + "\n"));
      channel = opened;
      held = real;
    } finally {
      if (channel == null) {
        HELD.remove(real);
        if (opened != null) {
          closeQuietly(opened);
        }
      }
    }
  }

  private StoreException locked(String by) {
    return failure(
        "is in use",
        "another metakeyd (%s) holds it".formatted(by),
        "stop that one, or choose another with --data",
        null);
  }

  private static String readPid(FileChannel file) throws IOException {
    ByteBuffer pid = ByteBuffer.allocate(20);
    file.read(pid, 0);
    String text = new String(pid.array(), 0, pid.position(), StandardCharsets.UTF_8).strip();
    return text.isEmpty() ? "unknown" : text;
  }

  private static void closeQuietly(FileChannel file) {
    try {
      file.close();
    } catch (IOException ignored) {
      // Nothing was left to be written.
    }
  }

  private static ByteBuffer utf8(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static FileAttribute<Set<PosixFilePermission>> mode(String permissions) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
  }
}
