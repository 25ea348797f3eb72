package dev.metakey.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a process holds of the machine's memory. */
final class Resident {
  private static final double KB_PER_MB = 1024;

  private Resident() {}

  /** The resident set, and what of it is the process's share alone. */
  static Group.Row row(Server server) throws IOException {
    Path file = Path.of("/proc/%d/smaps_rollup".formatted(server.process().pid()));
    double residentMb = 0;
    double shareMb = 0;
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith("Rss:")) {
        residentMb = megabytes(line);
      } else if (line.startsWith("Pss:")) {
        shareMb = megabytes(line);
      }
    }
    return new Group.Row(
        server.name(), residentMb, null, "Pss %s MB".formatted(Results.figure(shareMb)), List.of());
  }

  private static double megabytes(String line) {
    return Long.parseLong(line.replaceAll("\\D", "")) / KB_PER_MB;
  }
}
