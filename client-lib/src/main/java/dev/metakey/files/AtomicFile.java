package dev.metakey.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;

/** Replaces a file in one step: whoever reads it sees the old bytes or the new ones, whole. */
public final class AtomicFile {
  private static final Set<PosixFilePermission> WORLD_READABLE =
      PosixFilePermissions.fromString("rw-r--r--");
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  /** Writes the contents of a new file. */
  @FunctionalInterface
  public interface Content {
    /**
     * @param file new and empty, for reading and writing
     */
    void writeTo(FileChannel file) throws IOException;
  }

  private AtomicFile() {}

  /**
   * Replaces a file that everybody may read and that has only one writer. What an earlier write
   * that was cut short left behind is removed.
   */
  public static void write(Path path, ByteBuffer bytes) throws IOException {
    writeOpen(path, bytes).close();
  }

  /**
   * As {@link #write(Path, ByteBuffer)}.
   *
   * @return the file that is there now, open for reading and writing
   */
  public static FileChannel writeOpen(Path path, ByteBuffer bytes) throws IOException {
    Path temporary = path.resolveSibling("." + path.getFileName() + ".tmp");
    Files.deleteIfExists(temporary);
    return replace(
        path,
        temporary,
        WORLD_READABLE,
        file -> {
          while (bytes.hasRemaining()) {
            file.write(bytes);
          }
        });
  }

  /** Replaces a file that any number may write at once: the last write wins. */
  public static void write(Path path, Set<PosixFilePermission> permissions, Content content)
      throws IOException {
    Path temporary =
        path.resolveSibling(".%s.%s.tmp".formatted(path.getFileName(), UUID.randomUUID()));
    replace(path, temporary, permissions, content).close();
  }

  private static FileChannel replace(
      Path path, Path temporary, Set<PosixFilePermission> permissions, Content content)
      throws IOException {
    FileChannel channel = create(path, temporary);
    try {
      // Sets the mode whatever the umask is, and never through a link that has taken the file's
      // place.
      Files.getFileAttributeView(temporary, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
          .setPermissions(permissions);
      content.writeTo(channel);
      channel.force(true);
      Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
      try (FileChannel directory = FileChannel.open(path.toAbsolutePath().getParent())) {
        directory.force(true);
      }
      return channel;
    } catch (FileSystemException e) {
      abandon(channel, temporary, e);
      throw named(path, e);
    } catch (IOException | RuntimeException | Error e) {
      abandon(channel, temporary, e);
      throw e;
    }
  }

  private static FileChannel create(Path path, Path temporary) throws IOException {
    try {
      // CREATE_NEW is O_EXCL: a file or link that somebody else put there is never opened.
      return FileChannel.open(
          temporary,
          Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
          PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    } catch (FileSystemException e) {
      throw named(path, e);
    }
  }

  /**
   * The same failure, of the file that somebody knows of, and not of one with another name each
   * time.
   */
  private static FileSystemException named(Path path, FileSystemException e) {
    FileSystemException named = new FileSystemException(path.toString(), null, Failure.reason(e));
    named.initCause(e);
    return named;
  }

  private static void abandon(FileChannel channel, Path temporary, Throwable why) {
    try {
      channel.close();
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      why.addSuppressed(e);
    }
  }
}
