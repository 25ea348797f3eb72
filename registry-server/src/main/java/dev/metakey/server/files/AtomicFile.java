package dev.metakey.server.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/** Replaces a file in one step: whoever reads it sees the old bytes or the new ones, whole. */
public final class AtomicFile {
  private static final String WORLD_READABLE = "rw-r--r--";

  private AtomicFile() {}

  public static void write(Path path, ByteBuffer bytes) throws IOException {
    Path temporary = path.resolveSibling("." + path.getFileName() + ".tmp");
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    // Whatever the umask says: the file is there to be read.
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString(WORLD_READABLE));
    Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel directory = FileChannel.open(path.toAbsolutePath().getParent())) {
      directory.force(true);
    }
  }
}
