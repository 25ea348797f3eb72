package dev.metakey.cli;

import dev.metakey.files.Failure;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A file that is sent to the daemon. */
final class InputFile {
  /** What the daemon takes. */
  private static final int MOST_BYTES = 4 << 20;

  private InputFile() {}

  /**
   * @throws MetakeyException INVALID_REQUEST if it cannot be read, or is far too long
   */
  static byte[] read(Path file) {
    if (Files.isDirectory(file)) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST, "%s is a directory; name a file".formatted(file));
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw new MetakeyException(
            Reason.INVALID_REQUEST,
            "%s has more than %d bytes, which is too much for 64 fields"
                .formatted(file, MOST_BYTES));
      }
      return bytes;
    } catch (IOException e) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%s cannot be read: %s".formatted(file, Failure.reason(e)),
          Map.of(),
          e);
    }
  }
}
