package dev.metakey.files;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Reason;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Paths that people give us. The JVM knows bytes of a path only as characters, in the encoding of
 * its locale; it replaces what it cannot decode, and the path would then name another file.
 */
public final class PathText {
  private static final String REPLACED = "\ufffd";

  private PathText() {}

  /**
   * @throws MetakeyException INVALID_REQUEST
   */
  public static Path parse(String text) {
    try {
      return check(Path.of(text));
    } catch (InvalidPathException e) {
      throw refused(text, e);
    }
  }

  /**
   * Checks that the path is the one that was given.
   *
   * @return the path
   * @throws MetakeyException INVALID_REQUEST
   */
  public static Path check(Path path) {
    if (path.toString().contains(REPLACED)) {
      throw refused(path.toString(), null);
    }
    return path;
  }

  private static MetakeyException refused(String text, @Nullable Throwable cause) {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        "path %s has bytes that are not UTF-8, or that this process cannot name in its locale; use a path in UTF-8, and LC_ALL=C.UTF-8 where the locale is not a UTF-8 one"
            .formatted(Names.quote(text)),
        Map.of("path", text),
        cause);
  }
}
