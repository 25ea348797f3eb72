package dev.metakey.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** On what something was measured: without it, a figure means little. */
final class Machine {
  /** USER_HZ, the same on every Linux. */
  private static final double TICKS_PER_S = 100;

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

  /** The processor time that has been used so far, by these processes and by all others. */
  record Usage(double atS, double oursS, double allS) {
    /** How many cores the others have kept busy since then. */
    double othersSince(Usage before) {
      return ((allS - before.allS) - (oursS - before.oursS)) / (atS - before.atS);
    }
  }

  static Usage usage(List<ProcessHandle> ours) throws IOException {
    double oursS =
        ours.stream()
            .flatMap(process -> process.info().totalCpuDuration().stream())
            .mapToDouble(cpu -> cpu.toNanos() / 1e9)
            .sum();
    return new Usage(System.nanoTime() / 1e9, oursS, allS());
  }

  /** From the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq. */
  private static double allS() throws IOException {
    String[] ticks = Files.readAllLines(Path.of("/proc/stat")).get(0).split(" +", -1);
    return IntStream.of(1, 2, 3, 6, 7).mapToLong(i -> Long.parseLong(ticks[i])).sum() / TICKS_PER_S;
  }
}
