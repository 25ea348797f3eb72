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

/** The descriptors of this process, so that one which leaks is named. */
public final class OpenFiles {
  private OpenFiles() {}

  /**
   * What is open, and how often. Without the listing itself, without what the JVM opens as it loads
   * classes, and without the pipes of child processes, which are closed when the JVM cares to. A
   * number in a file's name is left out, as databases number their files.
   */
  public static Map<String, Long> now() throws IOException {
    List<String> open = new ArrayList<>();
    Path self = Path.of("/proc/self/fd").toRealPath();
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(self)) {
      for (Path descriptor : descriptors) {
        try {
          open.add(Files.readSymbolicLink(descriptor).toString());
        } catch (NoSuchFileException closed) {
          // It was the listing of another thread, say.
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
