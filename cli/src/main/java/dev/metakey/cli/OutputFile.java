package dev.metakey.cli;

import dev.metakey.files.AtomicFile;
import dev.metakey.files.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A file that a verb makes: what is there is replaced, in one step. */
final class OutputFile {
  private OutputFile() {}

  /**
   * Writes it.
   *
   * @param isSecret whether it is for its owner alone; else everybody may read it
   * @throws IOException with words that name the file
   */
  static void write(Path file, boolean isSecret, byte[] contents) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException("%s is a directory; name a file in it".formatted(file));
    }
    ByteBuffer bytes = ByteBuffer.wrap(contents);
    try {
      AtomicFile.write(
          Files.exists(file) ? file.toRealPath() : file, // a link stays one
          PosixFilePermissions.fromString(isSecret ? "rw-------" : "rw-r--r--"),
          channel -> {
            while (bytes.hasRemaining()) {
              channel.write(bytes);
            }
          });
    } catch (IOException e) {
      throw new IOException("%s cannot be written: %s".formatted(file, Failure.reason(e)), e);
    }
  }
}
