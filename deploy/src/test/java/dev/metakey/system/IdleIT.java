package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.server.kernel.BpfEvents;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What a daemon does while nobody asks for anything. Counts how often its threads wake. The one
 * thing by which another process can wake them is to load a program: a time in which the kernel
 * told of one is not counted, but followed by another.
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
    host.set("NOTIFY_SOCKET", "@metakey-it-nobody-listens"); // with the watchdog of the unit
    host.set("WATCHDOG_USEC", "60000000");
    requireHardlyWakes(host.start("--programs", "none"), () -> 0);
  }

  @Test
  @LoadedPrograms.Seen
  void daemon_whenNobodyAsksAndItHearsOfPrograms_hardlyWakes() throws Exception {
    Requires.bpf();
    AtomicLong told = new AtomicLong();
    BpfEvents events = host.closeLater(new BpfEvents());
    new Thread(() -> count(events, told), "hears of programs").start();
    requireHardlyWakes(host.start("--programs", "kernel"), told::get);
  }

  private static void count(BpfEvents events, AtomicLong told) {
    try {
      while (events.await()) {
        told.incrementAndGet();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * @param disturbances how often something happened so far that a daemon has to look at
   */
  private void requireHardlyWakes(DaemonProcess daemon, LongSupplier disturbances)
      throws Exception {
    host.connect("edge").register(Wiretap.field("edge.a", 8));

    Map<String, Long> wakeUps = Map.of("not looked yet", Long.MAX_VALUE);
    long endNs = System.nanoTime() + PATIENCE.toNanos();
    long disturbed = 0;
    while (!areFew(wakeUps) && System.nanoTime() < endNs) { // the JIT compiler may still be at work
      long before = disturbances.getAsLong();
      Map<String, Long> counted = wakeUps(daemon);
      if (disturbances.getAsLong() == before) {
        wakeUps = counted;
      } else {
        disturbed++;
      }
    }

    assertThat(areFew(wakeUps))
        .as(
            "wake-ups in %s are %d at most, and of one thread %d: %s (%d times somebody loaded a program meanwhile)",
            WHILE, MOST_OF_ALL, MOST_OF_ONE_THREAD, wakeUps, disturbed)
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
    ProcessThreads.read(pid, "status")
        .forEach(
            (thread, status) -> {
              List<String> lines = status.lines().toList();
              switches.put(
                  value(lines, "Name") + " " + thread,
                  Long.parseLong(value(lines, "voluntary_ctxt_switches")));
            });
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
