package dev.metakey.server.log;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Bounds how many lines of one kind there may be in ten seconds. Of what is left out, the number is
 * told when the time is over. Thread-safe.
 */
final class LineBudget {
  static final int PERIOD_S = 10;
  private static final long PERIOD_NS = TimeUnit.SECONDS.toNanos(PERIOD_S);

  private final int lines;
  private final LongSupplier nanoTime;
  private final Executor later;
  private final LongConsumer tellLeftOut;
  private long startNs;
  private int taken;
  private long leftOut;

  /** A budget whose end a timer of the JDK waits for, which there is only once it is needed. */
  LineBudget(int lines, LongConsumer tellLeftOut) {
    this(
        lines,
        System::nanoTime,
        task ->
            CompletableFuture.delayedExecutor(PERIOD_S, TimeUnit.SECONDS, Runnable::run)
                .execute(task),
        tellLeftOut);
  }

  /**
   * @param lines how many in a period
   * @param nanoTime as {@link System#nanoTime}
   * @param later runs something once, when a period is over
   * @param tellLeftOut is told how many were left out; never 0
   */
  LineBudget(int lines, LongSupplier nanoTime, Executor later, LongConsumer tellLeftOut) {
    this.lines = lines;
    this.nanoTime = nanoTime;
    this.later = later;
    this.tellLeftOut = tellLeftOut;
    this.startNs = nanoTime.getAsLong() - PERIOD_NS;
  }

  /** Whether there may be one more line now; if not, it is counted. */
  boolean take() {
    synchronized (this) {
      long nowNs = nanoTime.getAsLong();
      if (nowNs - startNs >= PERIOD_NS) {
        startNs = nowNs;
        taken = 0;
      }
      if (taken < lines) {
        taken++;
        return true;
      }
      if (leftOut++ > 0) {
        return false;
      }
    }
    later.execute(this::flush);
    return false;
  }

  /** Tells how many were left out since this was told last, if any were. */
  void flush() {
    long untold;
    synchronized (this) {
      untold = leftOut;
      leftOut = 0;
    }
    if (untold > 0) {
      tellLeftOut.accept(untold);
    }
  }
}
