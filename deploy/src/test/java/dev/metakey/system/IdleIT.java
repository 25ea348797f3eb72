package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What a daemon does while nobody asks for anything. Counts how often its threads wake, which no
 * other process can change.
 */
class IdleIT {
  private static final Duration WHILE = Duration.ofSeconds(10);
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** A thread that polls once a second wakes ten times meanwhile. */
  private static final long MOST_OF_ONE_THREAD = 5;

  /** An empty JVM that keeps its own timers comes to more than fifty. */
  private static final long MOST_OF_ALL = 30;

  @RegisterExtension final Host host = new Host();

  @Test
  void daemon_whenNobodyAsks_hardlyWakes() throws Exception {
    requireHardlyWakes(host.start("--programs", "none"));
  }

  @Test
  @LoadedPrograms.Seen
  void daemon_whenNobodyAsksAndItHearsOfPrograms_hardlyWakes() throws Exception {
    Requires.bpf();
    requireHardlyWakes(host.start("--programs", "kernel"));
  }

  private void requireHardlyWakes(DaemonProcess daemon) throws Exception {
    host.connect("edge").register(Wiretap.field("edge.a", 8));

    Map<String, Long> wakeUps = Map.of("not looked yet", Long.MAX_VALUE);
    long endNs = System.nanoTime() + PATIENCE.toNanos();
    while (!areFew(wakeUps) && System.nanoTime() < endNs) { // the JIT compiler may still be at work
      wakeUps = wakeUps(daemon);
    }

    assertThat(areFew(wakeUps))
        .as(
            "wake-ups in %s are %d at most, and of one thread %d: %s",
            WHILE, MOST_OF_ALL, MOST_OF_ONE_THREAD, wakeUps)
        .isTrue();
  }

  private static boolean areFew(Map<String, Long> wakeUps) {
    return wakeUps.values().stream().mapToLong(Long::longValue).sum() <= MOST_OF_ALL
        && wakeUps.entrySet().stream()
            .filter(thread -> thread.getKey().startsWith("registry-"))
            .allMatch(thread -> thread.getValue() <= MOST_OF_ONE_THREAD);
  }

  /** How often each thread woke up. */
  private static Map<String, Long> wakeUps(DaemonProcess daemon) throws Exception {
    Map<String, Long> before = switches(daemon.pid());
    Thread.sleep(WHILE.toMillis());
    Map<String, Long> wakeUps = new HashMap<>();
    switches(daemon.pid())
        .forEach(
            (thread, count) -> {
              long more = count - before.getOrDefault(thread, 0L);
              if (more > 0) {
                wakeUps.put(thread, more);
              }
            });
    return wakeUps;
  }

  private static Map<String, Long> switches(long pid) throws IOException {
    Map<String, Long> switches = new HashMap<>();
    try (Stream<Path> tasks = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
      for (Path task : tasks.toList()) {
        List<String> status = Files.readAllLines(task.resolve("status"));
        switches.put(
            value(status, "Name") + " " + task.getFileName(),
            Long.parseLong(value(status, "voluntary_ctxt_switches")));
      }
    }
    return switches;
  }

  private static String value(List<String> status, String key) {
    return status.stream()
        .filter(line -> line.startsWith(key + ":"))
        .map(line -> line.substring(key.length() + 1).trim())
        .findFirst()
        .orElseThrow();
  }
}
