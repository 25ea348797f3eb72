package dev.metakey.server.metrics;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.metakey.server.files.OpenFileLimit;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What the daemon takes of the machine, under the names that every client library has for it, read
 * from {@code /proc/self} for each scrape. The client library's own would load java.management for
 * it, which the runtime of the packages does not even have. What cannot be read is left out.
 */
final class ProcessMetrics implements MultiCollector {
  /** Linux counts in hundredths of a second there, whatever its own clock does. */
  private static final double TICKS_PER_SECOND = 100;

  /** In /proc/PID/stat, counted after the name of the program. */
  private static final int USER_TICKS = 11;

  private static final int SYSTEM_TICKS = 12;

  private final Path proc;

  /**
   * @param proc of this process: {@code /proc/self}
   */
  ProcessMetrics(Path proc) {
    this.proc = proc;
  }

  /** Adds families, from a file that may not be there. */
  private interface Reading {
    void into(Families families) throws IOException;
  }

  @Override
  public MetricSnapshots collect() {
    Families families = new Families();
    Stream.<Reading>of(this::cpu, this::memory, this::descriptors, this::mostDescriptors)
        .forEach(reading -> add(reading, families));
    heap(families);
    return families.build();
  }

  private static void add(Reading reading, Families families) {
    try {
      reading.into(families);
    } catch (IOException | NumberFormatException | IndexOutOfBoundsException unreadable) {
      // The rest is worth having.
    }
  }

  private void cpu(Families families) throws IOException {
    String stat = Files.readString(proc.resolve("stat"), ISO_8859_1);
    String[] numbers = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    families.counter(
        "process_cpu_seconds_total",
        "CPU time of the process, in user space and in the kernel, in seconds.",
        (Long.parseLong(numbers[USER_TICKS]) + Long.parseLong(numbers[SYSTEM_TICKS]))
            / TICKS_PER_SECOND);
  }

  private void memory(Families families) throws IOException {
    String status = Files.readString(proc.resolve("status"), ISO_8859_1);
    families
        .gauge(
            "process_virtual_memory_bytes",
            "The size of the process's address space.",
            number(status, "VmSize:") << 10)
        .gauge(
            "process_resident_memory_bytes",
            "How much memory the process has.",
            number(status, "VmRSS:") << 10)
        .gauge(
            "process_threads",
            "How many threads the process has, those of the JVM included.",
            number(status, "Threads:"));
  }

  private void descriptors(Families families) throws IOException {
    String[] open = proc.resolve("fd").toFile().list(); // through one more descriptor
    if (open == null) {
      throw new IOException("descriptors cannot be listed");
    }
    families.gauge("process_open_fds", "How many file descriptors are open.", open.length - 1);
  }

  private void mostDescriptors(Families families) throws IOException {
    long most = OpenFileLimit.of(proc);
    if (most != Long.MAX_VALUE) {
      families.gauge("process_max_fds", "How many file descriptors may be open.", most);
    }
  }

  /** The first number after a word. */
  private static long number(String text, String word) {
    String rest = text.substring(text.indexOf(word) + word.length()).strip();
    return Long.parseLong(rest.split("\\s", 2)[0]);
  }

  private static void heap(Families families) {
    Runtime jvm = Runtime.getRuntime();
    long committed = jvm.totalMemory();
    families
        .gauge(
            "jvm_memory_used_bytes",
            "How much of the JVM's heap is used.",
            "area",
            Map.of("heap", committed - jvm.freeMemory()))
        .gauge(
            "jvm_memory_committed_bytes",
            "How large the JVM's heap is.",
            "area",
            Map.of("heap", committed))
        .gauge(
            "jvm_memory_max_bytes",
            "How large the JVM's heap may become.",
            "area",
            Map.of("heap", jvm.maxMemory()));
  }
}
