package dev.metakey.server.storage;

import dev.metakey.server.files.LockFile;
import dev.metakey.server.files.TrustedDirectory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
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
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/**
 * The directory that the database lives in, and the lock that keeps a second daemon out of it. The
 * lock is ours, not RocksDB's, so that the refusal can tell who holds it; it is held from the first
 * {@link #claim} to {@link #close}, even while the database is closed in between.
 */
final class DataDirectory implements AutoCloseable {
  private static final String LOCK_FILE = "metakeyd.lock";

  /** Less free space than this and RocksDB may fail half-way through opening. */
  private static final long MIN_FREE_BYTES = 4 << 20;

  private static final Set<PosixFilePermission> OTHERS =
      PosixFilePermissions.fromString("------rwx");

  private final Path path;
  private @Nullable LockFile lock;
  private boolean wasClaimed;

  DataDirectory(Path path) {
    this.path = path.toAbsolutePath().normalize();
  }

  Path path() {
    return path;
  }

  /** Makes the directory if it is missing, checks it, and locks it unless it is locked by us. */
  void claim() throws StoreException {
    requireInPlace();
    requireTrusted();
    try {
      create(path);
      if (lock == null) {
        lock = lock();
        closeDatabaseToOthers();
      }
      long free = Files.getFileStore(path).getUsableSpace();
      if (free < MIN_FREE_BYTES) {
        throw full(null);
      }
      wasClaimed = true;
    } catch (IOException e) {
      throw explain("cannot be used", e);
    }
  }

  /** Once the directory is claimed, no other in its place is used, and none is made there. */
  void requireInPlace() throws StoreException {
    if (lock != null && !lock.isInPlace()) {
      throw failure(
          "is not there any more",
          "it was removed, renamed or replaced while metakeyd ran",
          "put it back, and metakeyd goes on by itself; if it is lost, stop metakeyd and start it once with --recover-from and the directory of published files, which has every id",
          null);
    }
  }

  /** A file that belongs to the registry is gone from the directory. */
  StoreException incomplete(String file) {
    return failure(
        "is not complete any more",
        "%s was removed or replaced while metakeyd ran".formatted(file),
        "put it back, or restart metakeyd, which recovers what it can",
        null);
  }

  /** Whoever could change the directory could put another database in its place. */
  private void requireTrusted() throws StoreException {
    try {
      TrustedDirectory.check(TrustedDirectory.Use.DATA, path);
    } catch (AccessDeniedException e) {
      throw denied("cannot be used", e);
    } catch (IOException e) {
      throw new StoreException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void close() {
    LockFile held = lock;
    lock = null;
    if (held != null) {
      try {
        held.close();
      } catch (IOException ignored) {
        // Nothing was left to be written.
      }
    }
  }

  /**
   * Says what went wrong: that the disk is full or a file is damaged, if RocksDB knows, or else the
   * reason that the directory itself shows, or else that of the exception.
   */
  StoreException explain(String what, Exception cause) {
    Status status = statusOf(cause);
    if (status != null && status.getSubCode() == Status.SubCode.NoSpace) {
      return full(cause);
    }
    if (isDamage(cause)) {
      return damaged(cause.getMessage(), cause);
    }
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

  /** Whether a file of the database holds bytes that make no sense. */
  static boolean isDamage(Exception cause) {
    Status status = statusOf(cause);
    return status != null && status.getCode() == Status.Code.Corruption;
  }

  /** What RocksDB says of a failure; null if it was not RocksDB's, or if that does not know. */
  static @Nullable Status statusOf(Exception cause) {
    return cause instanceof RocksDBException e ? e.getStatus() : null;
  }

  StoreException full(@Nullable Throwable cause) {
    return failure(
        "cannot be written",
        "its file system is full (metakeyd wants %d MB free)".formatted(MIN_FREE_BYTES >> 20),
        wasClaimed
            ? "free some space; metakeyd goes on by itself"
            : "free some space, and start metakeyd again",
        cause);
  }

  StoreException damaged(@Nullable String why, @Nullable Throwable cause) {
    return new StoreException("the database in %s is damaged: %s".formatted(path, why), cause);
  }

  /**
   * Only the record of past changes is lost; what is registered is in memory, and in the state
   * copy.
   */
  StoreException damagedHistory(RocksDBException cause) {
    return new StoreException(
        "the history of changes in %s is damaged, and cannot be read where it is: %s. No field is affected; restart metakeyd, which keeps the damaged files aside and begins a new history"
            .formatted(path, cause.getMessage()),
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
    Files.createDirectory(directory, mode("rwx------"));
    if (!directory.equals(path)) { // whatever the umask says
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    if (parent != null) {
      // If the name of the directory is lost in a power cut, so is the database.
      try (FileChannel names = FileChannel.open(parent, StandardOpenOption.READ)) {
        names.force(true);
      }
    }
  }

  /**
   * Takes away what others may do with the files that hold the tag. The launcher's umask sees to
   * those that the database makes; others were copied here, or come from an older daemon.
   */
  private void closeDatabaseToOthers() throws IOException {
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(path, "{*.sst,*.log,state-copy.*}")) {
      for (Path file : files) {
        Set<PosixFilePermission> mode =
            Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && mode.removeAll(OTHERS)) {
          Files.setPosixFilePermissions(file, mode);
        }
      }
    }
  }

  private LockFile lock() throws IOException, StoreException {
    try {
      return LockFile.hold(path.resolve(LOCK_FILE));
    } catch (LockFile.HeldException e) {
      throw failure(
          "is in use",
          "another metakeyd (%s) holds it".formatted(e.holder()),
          "stop that one, or choose another with --data",
          null);
    }
  }

  private static FileAttribute<Set<PosixFilePermission>> mode(String permissions) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
  }
}
