package dev.metakey.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.metakey.model.FieldState;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.log.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Tells what a start is at, until it is over: the service manager at each step and every few
 * seconds, and the log when it takes long. Says each time whether the process has read or written
 * anything since, so that the manager waits for a registry that takes long to read, and not for a
 * disk that hangs.
 */
final class StartReport implements AutoCloseable {
  private static final long EVERY_S = 5;

  /** The first line in the log; each further one comes after twice the time. */
  private static final long LONG_S = 10;

  /** To look at it is to read a little, too. */
  private static final long NOTHING_BYTES = 4_096;

  /** Takes what the start is at. */
  interface Listener {
    /**
     * @param what as in "reads the registry in /var/lib/metakey"
     * @param goesOn whether anything was done since the last time
     */
    void starting(String what, boolean goesOn);
  }

  /** What a process has read and written. */
  interface Work {
    long bytes() throws IOException;
  }

  private final Listener listener;
  private final Work work;
  private final CountDownLatch over = new CountDownLatch(1);
  private String step = ""; // this and what follows: guarded by this
  private long bytes;
  private long nextLineS = LONG_S;

  StartReport(Listener listener, Work work) {
    this.listener = listener;
    this.work = work;
  }

  /** Begins with the start of this process. */
  static StartReport begin(Listener listener) {
    StartReport report = new StartReport(listener, StartReport::bytesOfThisProcess);
    Thread thread = new Thread(report::run, "registry-start");
    thread.setDaemon(true);
    thread.start();
    return report;
  }

  private void run() {
    long startNs = System.nanoTime();
    try {
      while (!over.await(EVERY_S, TimeUnit.SECONDS)) {
        look(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNs));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody interrupts it; if so, nothing more is told
    }
  }

  /**
   * A step begins.
   *
   * @param what as in "reads the registry in /var/lib/metakey"
   */
  synchronized void step(String what) {
    step = what;
    listener.starting(what, true);
  }

  /**
   * Tells again what the start is at.
   *
   * @param seconds how long the start has taken
   */
  synchronized void look(long seconds) {
    if (over.getCount() == 0) {
      return;
    }
    boolean goesOn = hasWorked();
    String what = "%s; %d s so far".formatted(step, seconds);
    listener.starting(goesOn ? what : what + ", and nothing was read or written lately", goesOn);
    if (seconds >= nextLineS) {
      nextLineS = 2 * seconds;
      Event.STARTING.say("metakeyd is still starting: it " + what);
    }
  }

  /** Calls are answered from now on. */
  void serves(Path socket, Snapshot snapshot) {
    RegistryInfo info = snapshot.info();
    Event.SERVING
        .with("version", ThisProcess.version())
        .with("socket", socket)
        .with("registry_id", info.registryId())
        .with("revision", info.revision())
        .say(
            "metakeyd %s serves on %s, registry %s at revision %d, layout %s, area %d, %d fields"
                .formatted(
                    ThisProcess.version(),
                    socket,
                    info.registryId(),
                    info.revision(),
                    info.layout(),
                    info.areaBytes(),
                    StatusReport.count(snapshot, FieldState.ACTIVE)));
  }

  private boolean hasWorked() {
    try {
      long before = bytes;
      bytes = work.bytes();
      return bytes - before > NOTHING_BYTES;
    } catch (IOException | NumberFormatException unseen) {
      return false;
    }
  }

  /** From {@code /proc/PID/io}: also what the page cache had. */
  private static long bytesOfThisProcess() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/io"), ISO_8859_1).stream()
        .filter(line -> line.startsWith("rchar:") || line.startsWith("wchar:"))
        .mapToLong(line -> Long.parseLong(line.substring("rchar:".length()).trim()))
        .sum();
  }

  /** The start is over. */
  @Override
  public synchronized void close() {
    over.countDown();
  }
}
