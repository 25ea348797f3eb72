package dev.metakey.server.files;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How many file descriptors a process may have open. */
public final class OpenFileLimit {
  private static final String ROW = "Max open files";

  private OpenFileLimit() {}

  /**
   * Returns the soft limit; Long.MAX_VALUE if there is none.
   *
   * @param process such as {@code /proc/self}
   */
  public static long of(Path process) throws IOException {
    return Files.readAllLines(process.resolve("limits"), ISO_8859_1).stream()
        .filter(line -> line.startsWith(ROW))
        .map(line -> line.substring(ROW.length()).trim().split(" ", 2)[0])
        .filter(word -> !word.equals("unlimited"))
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElse(Long.MAX_VALUE);
  }
}
