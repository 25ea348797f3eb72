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
   * Waits until there is a command, the queue is stopped, or the time is over.
   *
   * @param maxWaitMs milliseconds; 0: do not wait
   * @return the first commands, {@code most} of them or fewer; none whose caller has gone
   */
  synchronized List<Submission<?>> take(int most, long maxWaitMs) throws InterruptedException {
    long untilNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(maxWaitMs);
    long leftMs = maxWaitMs;
    while (waiting.isEmpty() && !stopped && leftMs > 0) {
      wait(leftMs);
      leftMs = TimeUnit.NANOSECONDS.toMillis(untilNs - System.nanoTime());
    }
    List<Submission<?>> batch = new ArrayList<>();
    while (batch.size() < most && !waiting.isEmpty()) {
      Submission<?> next = waiting.remove();
      if (!next.future.isCancelled()) {
        batch.add(next);
      }
    }
    return batch;
  }

  /** Refuses what waits, but for what was answered already and is only to be noted. */
  void refuseAll(MetakeyException why) {
    List<Submission<?>> refused = new ArrayList<>();
    synchronized (this) {
      waiting.removeIf(submission -> !submission.future.isDone() && refused.add(submission));
    }
    refused.forEach(submission -> submission.refuseNow(why));
  }

  /** Takes no more commands; those that wait are still taken. */
  synchronized void stop() {
    stopped = true;
    notifyAll();
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
