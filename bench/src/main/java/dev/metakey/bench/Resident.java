package dev.metakey.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a process holds of the machine's memory. */
final class Resident {
  private static final double KB_PER_MB = 1024;

  private Resident() {}

  /**
   * @param residentMb how much of it is in memory
   * @param shareMb the same, but what several processes share is divided among them
   */
  record Memory(double residentMb, double shareMb) {
    String note() {
      return "Pss %s MB".formatted(Results.figure(shareMb));
    }
  }

  /** As a row of a table. */
  static Group.Row row(Server server) throws IOException {
    Memory memory = of(server);
    return new Group.Row(server.name(), memory.residentMb(), null, memory.note(), List.of());
  }

  static Memory of(Server server) throws IOException {
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
    return new Memory(residentMb, shareMb);
  }

  private static double megabytes(String line) {
    return Long.parseLong(line.replaceAll("\\D", "")) / KB_PER_MB;
  }
}
