package dev.metakey.cli;

import dev.metakey.cli.print.Terminal;
import dev.metakey.model.Durations;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Shows on a terminal what a run waits for, for how long it has, and for how long it may: anew each
 * second, in one line that is gone when the wait is over. Elsewhere it does nothing.
 */
final class Progress implements AutoCloseable {
  private final Terminal terminal;
  private final CountDownLatch over = new CountDownLatch(1);

  /**
   * @param what for what, as in "waiting for edge.zone"
   * @param longest how long it may take
   */
  Progress(Terminal terminal, String what, Duration longest) {
    this(terminal, what, longest, 1_000);
  }

  /**
   * @param tickMs how often it is shown
   */
  Progress(Terminal terminal, String what, Duration longest, long tickMs) {
    this.terminal = terminal;
    if (terminal.showsProgress()) {
      Thread thread = new Thread(() -> run(what, longest, tickMs), "metakey-progress");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private void run(String what, Duration longest, long tickMs) {
    try {
      for (int seconds = 1; !over.await(tickMs, TimeUnit.MILLISECONDS); seconds++) {
        show(
            "waiting for %s: %ds of %s"
                .formatted(what, seconds, Durations.text(longest.toMillis())));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody interrupts it; if so, there is nothing to show
    }
  }

  private synchronized void show(String text) {
    if (over.getCount() > 0) {
      terminal.progress(text);
    }
  }

  @Override
  public synchronized void close() {
    over.countDown();
    terminal.endProgress();
  }
}
