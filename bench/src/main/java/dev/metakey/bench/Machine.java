package dev.metakey.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The machine that the figures come from, without which they mean little. */
final class Machine {
  /** USER_HZ, the same on every Linux. */
  private static final double TICKS_PER_S = 100;

  /** Where /proc/PID/stat tells the ticks of a process and of children that it waited for. */
  private static final int UTIME = 13;

  private static final int CSTIME = 16;

  private Machine() {}

  static String describe() throws IOException {
    String model =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.replaceFirst("^[^:]*: *", ""))
            .findFirst()
            .orElse(System.getProperty("os.arch"));
    return "%s, %d cores, kernel %s"
        .formatted(
            model,
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.version").replaceFirst("^(\\d+\\.\\d+\\.\\d+).*", "$1"));
  }

  /** The processor time that has been used so far, by this process and its children, and by all. */
  record Usage(double atS, double oursS, double allS) {
    /** How many cores the others have kept busy since then. */
    double othersSince(Usage before) {
      return Math.max(0, ((allS - before.allS) - (oursS - before.oursS)) / (atS - before.atS));
    }
  }

  static Usage usage(List<ProcessHandle> children) throws IOException {
    double childrenS =
        children.stream()
            .flatMap(process -> process.info().totalCpuDuration().stream())
            .mapToDouble(cpu -> cpu.toNanos() / 1e9)
            .sum();
    return new Usage(System.nanoTime() / 1e9, ownS() + childrenS, allS());
  }

  private static double ownS() throws IOException {
    String stat = Files.readString(Path.of("/proc/self/stat"));
    // The name, in parentheses, may have spaces in it.
    String[] words = ("0 " + stat.substring(stat.lastIndexOf(')') + 1).strip()).split(" ", -1);
    return Arrays.stream(words, UTIME - 1, CSTIME).mapToLong(Long::parseLong).sum() / TICKS_PER_S;
  }

  /** From the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq. */
  private static double allS() throws IOException {
    String[] ticks = Files.readAllLines(Path.of("/proc/stat")).get(0).split(" +", -1);
    return IntStream.of(1, 2, 3, 6, 7).mapToLong(i -> Long.parseLong(ticks[i])).sum() / TICKS_PER_S;
  }
}
