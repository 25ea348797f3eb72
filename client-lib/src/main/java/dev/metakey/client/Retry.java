package dev.metakey.client;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** How we try again: after 20 ms, then after twice as long each time up to 1 s, with jitter. */
final class Retry {
  private static final long FIRST_NS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long LONGEST_NS = TimeUnit.SECONDS.toNanos(1);
  private static final double JITTER = 0.25;

  private Retry() {}

  /** Whether the same call may work later. */
  static boolean isWorthwhile(Throwable failure) {
    return failure instanceof MetakeyException refusal
        && refusal.reason() == Reason.UNAVAILABLE
        && !(refusal.getCause() instanceof InterruptedException);
  }

  /** Whether it may work while the caller waits: also what only the fleet keeps from working. */
  private static boolean isWorthWaiting(MetakeyException failure) {
    return isWorthwhile(failure) || failure.reason() == Reason.FLEET_AWAY;
  }

  /**
   * Tries until {@code limit} has passed; with a limit of zero, once. The pauses become short
   * towards the end, so that the last attempt is made close to the limit, and never after it.
   *
   * @throws MetakeyException what the last attempt threw
   */
  static <T> T within(Duration limit, Supplier<T> attempt) {
    long endNs = System.nanoTime() + limit.toNanos();
    Pauses pauses = new Pauses();
    while (true) {
      try {
        return attempt.get();
      } catch (MetakeyException e) {
        long leftNs = endNs - System.nanoTime();
        if (!isWorthWaiting(e) || leftNs < FIRST_NS) {
          throw e;
        }
        sleep(Math.min(pauses.nextNs(), leftNs / 2));
      }
    }
  }

  private static void sleep(long ns) {
    try {
      TimeUnit.NANOSECONDS.sleep(ns);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted(e);
    }
  }

  /**
   * What an interrupted wait throws. The caller sees to it that the interrupt flag is set again.
   */
  static MetakeyException interrupted(Throwable interruption) {
    return new MetakeyException(
        Reason.UNAVAILABLE,
        "interrupted while waiting for the metakey daemon; whether the call was carried out is not known",
        Map.of(),
        interruption);
  }

  /** The pauses between the attempts of one outage. For one thread. */
  static final class Pauses {
    private final long longestNs;
    private long ns;

    Pauses() {
      this(FIRST_NS, LONGEST_NS);
    }

    private Pauses(long firstNs, long longestNs) {
      this.ns = firstNs;
      this.longestNs = longestNs;
    }

    /** Those between attempts to get a place in a queue, where one comes free all the time. */
    static Pauses ofACrowd() {
      return new Pauses(FIRST_NS / 4, LONGEST_NS / 20);
    }

    /** How long to wait before the next attempt, give or take a quarter. */
    long nextNs() {
      long pause = ns;
      ns = Math.min(2 * ns, longestNs);
      return (long) (pause * ThreadLocalRandom.current().nextDouble(1 - JITTER, 1 + JITTER));
    }
  }
}
