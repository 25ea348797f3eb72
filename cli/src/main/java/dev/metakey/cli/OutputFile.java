package dev.metakey.cli;

import dev.metakey.files.AtomicFile;
import dev.metakey.files.Failure;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
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
   * @throws MetakeyException INVALID_REQUEST if something is there that is no file
   * @throws IOException with words that name the file
   */
  static void write(Path file, boolean isSecret, byte[] contents) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          Files.isDirectory(file)
              ? "%s is a directory; name a file in it".formatted(file)
              : "%s is a device, pipe or socket, which would be replaced; name a file"
                  .formatted(file));
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
