package dev.metakey.link;

import dev.metakey.files.Failure;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Says what is wrong with an object, and where. */
final class BadObject {
  private BadObject() {}

  /**
   * @param offset of the bytes that are wrong, from the start of the file
   */
  static MetakeyException at(Path file, long offset, String fault) {
    return at(file, offset, fault, null);
  }

  static MetakeyException at(Path file, long offset, String fault, @Nullable Throwable cause) {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        "%s: at byte %d: %s".formatted(file, offset, fault),
        Map.of("file", file.toString(), "offset", Long.toString(offset)),
        cause);
  }

  /** The whole file is wrong. */
  static MetakeyException whole(Path file, String fault) {
    return new MetakeyException(
        Reason.INVALID_REQUEST, "%s: %s".formatted(file, fault), Map.of("file", file.toString()));
  }

  static MetakeyException unreadable(Path file, IOException e) {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        "%s cannot be read: %s".formatted(file, Failure.reason(e)),
        Map.of("file", file.toString()),
        e);
  }
}
