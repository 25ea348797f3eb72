package dev.metakey.link;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is mounted, as the kernel tells this process. A file can be a mount point, and then nothing
 * can replace it.
 */
final class MountPoints {
  private static final Path TABLE = Path.of("/proc/self/mountinfo");

  /** Blank, tab, line feed and backslash are written as a backslash and three octal digits. */
  private static final Pattern ESCAPED = Pattern.compile("\\\\([0-7]{3})");

  private static final int POINT = 4;

  private MountPoints() {}

  /**
   * @param path absolute, and without symbolic links
   * @return false also if it cannot be told
   */
  static boolean contains(Path path) {
    return contains(path, TABLE);
  }

  static boolean contains(Path path, Path table) {
    String text = path.toString();
    try {
      for (String line : Files.readAllLines(table, StandardCharsets.ISO_8859_1)) {
        if (text.equals(point(line))) {
          return true;
        }
      }
    } catch (IOException e) {
      // There is no /proc; the attempt to replace the file will say what is wrong.
    }
    return false;
  }

  private static @Nullable String point(String line) {
    String[] words = line.split(" ", -1);
    if (words.length <= POINT) {
      return null;
    }
    String bytes =
        ESCAPED
            .matcher(words[POINT])
            .replaceAll(
                escape -> {
                  char letter = (char) Integer.parseInt(escape.group(1), 8);
                  return letter == '\\' ? "\\\\" : String.valueOf(letter);
                });
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }
}
