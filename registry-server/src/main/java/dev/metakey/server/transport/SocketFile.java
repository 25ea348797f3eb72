package dev.metakey.server.transport;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.files.Failure;
import dev.metakey.server.files.LockFile;
import dev.metakey.server.files.TrustedDirectory;
import dev.metakey.server.files.TrustedDirectory.Use;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The socket's place in the file system. A lock beside it says who may have it: so a dead daemon's
 * socket is told from a live one's, and two that start at once cannot take it from each other.
 */
final class SocketFile implements AutoCloseable {
  /**
   * The longest path that clients on the JVM's own sockets can reach: a byte less than sun_path in
   * unix(7) has room for, without its NUL.
   */
  private static final int MAX_PATH_BYTES = 106;

  private static final int SOCKET = 0140000;
  private static final int TYPE = 0170000;

  private final Path path;
  private LockFile lock;
  private @Nullable Object boundFile;

  private SocketFile(Path path, LockFile lock) {
    this.path = path;
    this.lock = lock;
  }

  Path path() {
    return path;
  }

  /**
   * Makes the path free for a socket of ours.
   *
   * @throws LockFile.HeldException if a live daemon has it
   * @throws IOException if the path is too long, its directory is not safe, or something that is
   *     not a socket is in the way
   */
  static SocketFile claim(Path path) throws IOException {
    int bytes = path.toString().getBytes(UTF_8).length;
    if (bytes > MAX_PATH_BYTES) {
      throw new IOException(
          "socket %s: the path has %d bytes; at most %d are allowed; choose a shorter one"
              .formatted(path, bytes, MAX_PATH_BYTES));
    }
    Path directory = Objects.requireNonNull(path.toAbsolutePath().getParent(), "a socket's path");
    LockFile lock = hold(path, directory);
    try {
      removeStale(path);
    } catch (IOException e) {
      lock.close();
      throw e;
    }
    return new SocketFile(path, lock);
  }

  private static LockFile hold(Path path, Path directory) throws IOException {
    TrustedDirectory.make(Use.SOCKET, directory, "rwxr-xr-x");
    return LockFile.hold(directory.resolve(path.getFileName() + ".lock"));
  }

  /** What has become of our socket. */
  enum Found {
    OURS,
    MISSING,
    /** Something else is there, and it is not ours to remove. */
    REPLACED
  }

  Found look() throws IOException {
    if (isOurs()) {
      return Found.OURS;
    }
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS) ? Found.REPLACED : Found.MISSING;
  }

  /**
   * Makes sure that the lock beside the socket is still ours; it may have been removed along with
   * the directory.
   *
   * @throws LockFile.HeldException if another daemon has it now
   */
  void keepLock() throws IOException {
    if (!lock.isInPlace()) {
      lock.close();
      lock = hold(path, Objects.requireNonNull(path.toAbsolutePath().getParent()));
    }
  }

  /**
   * Removes a dead daemon's socket. The lock is ours, so no other metakeyd listens there; nor may
   * any other program.
   */
  private static void removeStale(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    if ((mode & TYPE) != SOCKET) {
      throw new IOException(
          "socket %s: something that is not a socket is in the way; remove it, or choose another path"
              .formatted(path));
    }
    if (answers(path)) {
      throw new IOException(
          "socket %s: another program listens there; stop it, or choose another path"
              .formatted(path));
    }
    try {
      Files.delete(path);
    } catch (FileSystemException e) {
      throw new IOException(
          "socket %s: what a dead daemon left there cannot be removed (%s); if it is a mount point, run 'umount %s', or choose another path"
              .formatted(path, Failure.words(e), path),
          e);
    }
  }

  /** Whether somebody listens. Only a refused connection tells that nobody does. */
  private static boolean answers(Path path) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.configureBlocking(false); // otherwise it waits if many others wait there
      channel.connect(UnixDomainSocketAddress.of(path));
      return true;
    } catch (ConnectException refused) {
      return false;
    } catch (IOException unclear) {
      throw new IOException(
          "socket %s: another program may be listening there (%s); remove it, or choose another path"
              .formatted(path, unclear.getMessage()),
          unclear);
    }
  }

  /** Notes which socket is ours, now that it is there. */
  void bound() throws IOException {
    boundFile = fileKey();
  }

  /**
   * Removes our socket, and nothing else that somebody may have put in its place. To be called
   * while it is still listened on: until then the kernel gives its inode to nobody else.
   */
  void remove() throws IOException {
    if (isOurs()) {
      Files.delete(path);
    }
    boundFile = null;
  }

  private boolean isOurs() throws IOException {
    try {
      return boundFile != null && boundFile.equals(fileKey());
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private Object fileKey() throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  /** Lets go of the path. */
  @Override
  public void close() throws IOException {
    lock.close();
  }
}
