package dev.metakey.cli;

import dev.metakey.cli.print.Terminal;
import dev.metakey.model.Durations;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Shows on a terminal what a run waits for, for how long it has, and for how long it may: anew each
 * second, in one line that is gone when the wait is over. Elsewhere it does nothing.
 */
final class Progress implements AutoCloseable {
  private final Terminal terminal;
  private final CountDownLatch over = new CountDownLatch(1);

  /**
   * @param what for what; the time comes first, so that a narrow terminal shows it
   * @param longest how long it may take
   */
  Progress(Terminal terminal, String what, Duration longest) {
    this(terminal, what, longest, 1_000, System::nanoTime);
  }

  /** Waits for fields. */
  Progress(Terminal terminal, List<String> names, Duration longest) {
    this(
        terminal,
        names.size() == 1
            ? names.get(0)
            : "%s and %d more".formatted(names.get(0), names.size() - 1),
        longest);
  }

  /**
   * @param tickMs how often it is shown
   * @param nanoTime goes on while this process is stopped
   */
  Progress(Terminal terminal, String what, Duration longest, long tickMs, LongSupplier nanoTime) {
    this.terminal = terminal;
    if (terminal.showsProgress()) {
      long startNs = nanoTime.getAsLong();
      Thread thread =
          new Thread(
              () -> run(what, longest, tickMs, () -> nanoTime.getAsLong() - startNs),
              "metakey-progress");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private void run(String what, Duration longest, long tickMs, LongSupplier elapsedNs) {
    try {
      while (!over.await(tickMs, TimeUnit.MILLISECONDS)) {
        show(
            "waiting %ds of %s for %s"
                .formatted(
                    TimeUnit.NANOSECONDS.toSeconds(elapsedNs.getAsLong()),
                    Durations.text(longest.toMillis()),
                    what));
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
