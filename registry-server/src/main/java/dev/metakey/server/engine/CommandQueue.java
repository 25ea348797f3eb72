package dev.metakey.server.engine;

import dev.metakey.model.LimitUse;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Limits;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The commands that wait for the writer. Each uid has a line of its own, in the order in which its
 * calls came, and the writer takes from the lines in turn: so nobody waits for all that somebody
 * else has asked for.
 *
 * <p><b>Concurrency.</b> Everything is guarded by this object's lock, and nothing that takes time
 * happens under it. One thread takes; any thread offers.
 */
final class CommandQueue {
  private final Budget budget;
  private final Predicate<Peer> isAdmin;

  /** By uid, in the order of their turns. None is empty. */
  private final Map<Integer, Queue<Submission<?>>> lines = new LinkedHashMap<>();

  private boolean stopped;

  /**
   * @param bound how many commands may wait; more are refused
   * @param isAdmin who may use the reserve
   */
  CommandQueue(Limits.Bound bound, Predicate<Peer> isAdmin) {
    this.budget = new Budget(bound);
    this.isAdmin = isAdmin;
  }

  /** Puts a command at the end of its line and returns null, or returns why it is refused. */
  synchronized @Nullable MetakeyException offer(Submission<?> submission) {
    if (stopped) {
      return stopping();
    }
    Peer peer = submission.peer();
    Budget.Full full = budget.take(peer.uid(), isAdmin.test(peer), 1);
    if (full != null) {
      return full.refusal(Reason.UNAVAILABLE, "nothing was changed, try again soon");
    }
    lines.computeIfAbsent(peer.uid(), uid -> new ArrayDeque<>()).add(submission);
    notifyAll();
    return null;
  }

  /**
   * Waits until there is a command, the queue is stopped, or the time is over.
   *
   * @param maxWaitMs milliseconds; 0: do not wait
   * @return the next commands, {@code most} of them or fewer, without those that were cancelled
   */
  synchronized List<Submission<?>> take(int most, long maxWaitMs) throws InterruptedException {
    long untilNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(maxWaitMs);
    long leftMs = maxWaitMs;
    while (lines.isEmpty() && !stopped && leftMs > 0) {
      wait(leftMs);
      leftMs = TimeUnit.NANOSECONDS.toMillis(untilNs - System.nanoTime());
    }
    List<Submission<?>> batch = new ArrayList<>();
    while (batch.size() < most && !lines.isEmpty()) {
      Submission<?> next = takeNext();
      if (!next.future.isCancelled()) {
        batch.add(next);
      }
    }
    return batch;
  }

  /** The first of the line whose turn it is, which then waits for its next turn. */
  private Submission<?> takeNext() {
    Iterator<Map.Entry<Integer, Queue<Submission<?>>>> first = lines.entrySet().iterator();
    Map.Entry<Integer, Queue<Submission<?>>> entry = first.next();
    int uid = entry.getKey();
    Queue<Submission<?>> line = entry.getValue();
    first.remove();
    Submission<?> next = line.remove();
    budget.give(uid, 1);
    if (!line.isEmpty()) {
      lines.put(uid, line);
    }
    return next;
  }

  /** Refuses what waits, except for calls that were answered already and are only to be noted. */
  void refuseAll(MetakeyException why) {
    List<Submission<?>> refused = new ArrayList<>();
    synchronized (this) {
      lines.forEach((uid, line) -> line.removeIf(next -> isUnanswered(next) && refused.add(next)));
      lines.values().removeIf(Queue::isEmpty);
      refused.forEach(submission -> budget.give(submission.peer().uid(), 1));
    }
    refused.forEach(submission -> submission.refuseNow(why));
  }

  private static boolean isUnanswered(Submission<?> submission) {
    return !submission.future.isDone();
  }

  /** Takes no more commands; those that wait are still taken. */
  synchronized void stop() {
    stopped = true;
    notifyAll();
  }

  synchronized boolean isStopped() {
    return stopped;
  }

  LimitUse use() {
    return budget.use("queued");
  }

  int size() {
    return (int) budget.total();
  }

  static MetakeyException stopping() {
    return new MetakeyException(
        Reason.UNAVAILABLE, "metakeyd is stopping; nothing was changed, try again soon");
  }
}
