package dev.metakey.server.transport;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * Tells when no more calls come: none is open, and the last answer was given a while ago. A client
 * that has as many calls open as it may have holds others back, and sends one of them as soon as
 * one is answered; so a moment without an open call is not enough.
 *
 * <p>Thread-safe. Calls take no lock unless somebody waits.
 */
final class Lull {
  private final LongSupplier nanoTime;
  private final long quietNs;
  private final AtomicInteger open = new AtomicInteger();
  private volatile long answeredNs;
  private volatile boolean isAwaited;

  /**
   * @param nanoTime as {@link System#nanoTime}
   * @param quietMs how long ago the last answer has to be
   */
  Lull(LongSupplier nanoTime, long quietMs) {
    this.nanoTime = nanoTime;
    this.quietNs = TimeUnit.MILLISECONDS.toNanos(quietMs);
    this.answeredNs = nanoTime.getAsLong() - quietNs;
  }

  void entered() {
    open.incrementAndGet();
  }

  /** Notes that an answer or a refusal was given. */
  void answered(long nowNs) {
    answeredNs = nowNs;
  }

  /** Notes that a call that entered is gone: its answer was taken, or nobody waits for it. */
  void left() {
    if (open.decrementAndGet() == 0 && isAwaited) {
      synchronized (this) {
        notifyAll();
      }
    }
  }

  /** Returns when no more calls come; after the limit in any case. */
  synchronized void await(long limitMs) throws InterruptedException {
    isAwaited = true;
    long endNs = nanoTime.getAsLong() + TimeUnit.MILLISECONDS.toNanos(limitMs);
    for (long restNs = restNs(endNs); restNs > 0; restNs = restNs(endNs)) {
      TimeUnit.NANOSECONDS.timedWait(this, restNs);
    }
  }

  private long restNs(long endNs) {
    long nowNs = nanoTime.getAsLong();
    long toTheEnd = endNs - nowNs;
    return open.get() > 0 ? toTheEnd : Math.min(toTheEnd, quietNs - (nowNs - answeredNs));
  }
}
