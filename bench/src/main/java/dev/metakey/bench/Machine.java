package dev.metakey.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** On what something was measured: without it, a figure means little. */
final class Machine {
  private Machine() {}

  /**
   * @param data the directory whose file system is named
   */
  static String describe(Path data) throws IOException {
    return "%d cores, kernel %s, JDK %s, data on %s"
        .formatted(
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.version").replaceFirst("^(\\d+\\.\\d+\\.\\d+).*", "$1"),
            System.getProperty("java.version"),
            Files.getFileStore(data).type());
  }

  /** What else the machine has to do: runnable threads on average over the last minute. */
  static double load() throws IOException {
    return Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0]);
  }
}
