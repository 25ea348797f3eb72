package dev.metakey.server.engine;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The commands that wait for the writer.
 *
 * <p><b>Concurrency.</b> Everything is guarded by this object's lock, and nothing that takes time
 * happens under it. One thread takes; any thread offers.
 */
final class CommandQueue {
  /** Calls that may wait; more are refused. */
  static final int CAPACITY = 1024;

  private final Queue<Submission<?>> waiting = new ArrayDeque<>();
  private boolean woken;
  private boolean stopped;

  /** Puts a command at the end, unless it is refused: then it tells why. */
  synchronized @Nullable MetakeyException offer(Submission<?> submission) {
    if (stopped) {
      return stopping();
    }
    if (waiting.size() == CAPACITY) {
      return new MetakeyException(
          Reason.UNAVAILABLE,
          "%d calls wait for the writer already; nothing was changed, try again soon"
              .formatted(CAPACITY),
          Map.of("limit", Integer.toString(CAPACITY), "used", Integer.toString(waiting.size())));
    }
    waiting.add(submission);
    notifyAll();
    return null;
  }

  /**
   * Waits until there is a command, somebody wakes the writer, or the time is over.
   *
   * @param maxWaitMs milliseconds; 0: do not wait
   * @return the first commands, {@code most} of them or fewer
   */
  synchronized List<Submission<?>> take(int most, long maxWaitMs) throws InterruptedException {
    long untilNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(maxWaitMs);
    long leftMs = maxWaitMs;
    while (waiting.isEmpty() && !woken && leftMs > 0) {
      wait(leftMs);
      leftMs = TimeUnit.NANOSECONDS.toMillis(untilNs - System.nanoTime());
    }
    woken = false;
    List<Submission<?>> batch = new ArrayList<>();
    while (batch.size() < most && !waiting.isEmpty()) {
      batch.add(waiting.remove());
    }
    return batch;
  }

  /** Lets the writer look at what is due. */
  synchronized void wake() {
    woken = true;
    notifyAll();
  }

  /** Takes no more commands; those that wait are still taken. */
  synchronized void stop() {
    stopped = true;
    wake();
  }

  synchronized boolean isStopped() {
    return stopped;
  }

  synchronized int size() {
    return waiting.size();
  }

  static MetakeyException stopping() {
    return new MetakeyException(
        Reason.UNAVAILABLE, "metakeyd is stopping; nothing was changed, try again soon");
  }
}
