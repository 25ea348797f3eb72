package dev.metakey.server;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The descriptors of this process, so that a test can name one that leaks. */
public final class OpenFiles {
  private OpenFiles() {}

  /**
   * What is open, and how often. The listing itself is left out, and so are what the JVM opens to
   * load classes, and the pipes of child processes, which the JVM closes when it likes. A number in
   * a file's name is left out, as databases number their files.
   */
  public static Map<String, Long> now() throws IOException {
    List<String> open = new ArrayList<>();
    Path self = Path.of("/proc/self/fd").toRealPath();
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(self)) {
      for (Path descriptor : descriptors) {
        try {
          open.add(Files.readSymbolicLink(descriptor).toString());
        } catch (NoSuchFileException closed) {
          // Perhaps it was the listing of another thread.
        }
      }
    }
    return open.stream()
        .filter(target -> !target.startsWith(self.toString()))
        .filter(target -> !target.endsWith(".jar") && !target.endsWith("/modules"))
        .filter(target -> !target.startsWith("pipe:"))
        .collect(
            groupingBy(target -> target.replaceAll("[0-9]{3,}", "N"), TreeMap::new, counting()));
  }
}
