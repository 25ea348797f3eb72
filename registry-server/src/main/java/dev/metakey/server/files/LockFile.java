package dev.metakey.server.files;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * A lock that lasts as long as its process: the kernel releases it when the process ends, however
 * that happens. The file holds the pid and its own path, and is never removed. Only its owner may
 * open it, as whoever can read a file can lock it.
 */
public final class LockFile implements AutoCloseable {
  /**
   * The locks that this process holds. The kernel releases a lock as soon as the process closes any
   * channel to the file: so a file that is held must not be opened again, not even to find out that
   * it is held.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private static final Pattern PID = Pattern.compile("\\d{1,10}");

  private final Path path;
  private final FileChannel channel;
  private final Object file;

  private LockFile(Path path, FileChannel channel) throws IOException {
    this.path = path;
    this.channel = channel;
    this.file = fileKey(path);
  }

  /** Somebody else holds the lock, or another part of this process. */
  public static final class HeldException extends IOException {
    private static final long serialVersionUID = 1;

    private final String holder;

    HeldException(Path path, String holder) {
      super("%s is held by another metakeyd (%s)".formatted(path, holder));
      this.holder = holder;
    }

    /** {@code pid 4711}. */
    public String holder() {
      return holder;
    }
  }

  /**
   * @param path in a directory that is there; not a symbolic link
   * @throws HeldException if it is held; the message names the pid
   */
  public static LockFile hold(Path path) throws IOException {
    Path directory = Objects.requireNonNull(path.toAbsolutePath().getParent(), "a lock's path");
    Path real = directory.toRealPath().resolve(path.getFileName());
    if (!HELD.add(real)) {
      throw new HeldException(path, "pid " + ProcessHandle.current().pid());
    }
    try {
      refuseLost(path, real);
      return new LockFile(real, lock(real));
    } catch (IOException | RuntimeException e) {
      HELD.remove(real);
      throw e;
    }
  }

  /**
   * Refuses the lock while a process holds the one that was at the path before somebody removed or
   * renamed the directory: what that process has given away is not in the new one.
   */
  private static void refuseLost(Path path, Path real) throws HeldException {
    Long holder = LostLocks.holderOf(real);
    if (holder != null) {
      throw new HeldException(
          path, "pid %d, under which the directory was removed or renamed".formatted(holder));
    }
  }

  /** Whether the path still leads to what is held: somebody may have removed or renamed it. */
  public boolean isInPlace() {
    try {
      return fileKey(path).equals(file);
    } catch (IOException e) {
      return false;
    }
  }

  private static Object fileKey(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  private static FileChannel lock(Path path) throws IOException {
    requireFile(path);
    FileChannel channel =
        FileChannel.open(
            path,
            Set.of(
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      if (channel.tryLock() == null) {
        throw new HeldException(path, holder(channel));
      }
      channel.truncate(0);
      channel.write(UTF_8.encode(ProcessHandle.current().pid() + "\n" + path + "\n"));
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /**
   * Refuses what the open call would take: a FIFO or a device, or a link to somebody else's file.
   */
  private static void requireFile(Path path) throws IOException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileSystemException(
          path.toString(),
          null,
          "the lock has to be a regular file, and this is not one; remove it");
    }
  }

  /** The pid that the file names. Anything else in it could harm a terminal, and is not shown. */
  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer pid = ByteBuffer.allocate(20);
    channel.read(pid, 0);
    String digits = US_ASCII.decode(pid.flip()).toString().lines().findFirst().orElse("").trim();
    return PID.matcher(digits).matches() ? "pid " + digits : "pid unknown";
  }

  /** Lets go. Does nothing the second time. */
  @Override
  public synchronized void close() throws IOException {
    if (channel.isOpen()) {
      channel.close();
      HELD.remove(path);
    }
  }
}
