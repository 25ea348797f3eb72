package dev.metakey.client;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** How our threads end. */
final class Threads {
  /** A thread that takes longer to end shows a defect. */
  static final long PATIENCE_MS = 5_000;

  private Threads() {}

  /** Waits for a thread that was told to end, unless it is the caller; keeps the interrupt flag. */
  static void awaitEnd(@Nullable Thread thread) {
    if (thread == null || thread.equals(Thread.currentThread())) {
      return;
    }
    boolean interrupted = Thread.interrupted();
    try {
      TimeUnit.MILLISECONDS.timedJoin(thread, PATIENCE_MS);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
