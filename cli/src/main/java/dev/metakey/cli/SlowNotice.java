package dev.metakey.cli;

import dev.metakey.cli.print.Terminal;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Says after three seconds what a run is waiting for, so that nobody stares at a silent terminal.
 */
final class SlowNotice implements AutoCloseable {
  private static final long MOMENT_MS = 3_000;

  private final CountDownLatch over = new CountDownLatch(1);

  SlowNotice(Terminal terminal) {
    Thread thread = new Thread(() -> run(terminal), "metakey-notice");
    thread.setDaemon(true);
    thread.start();
  }

  private void run(Terminal terminal) {
    try {
      if (!over.await(MOMENT_MS, TimeUnit.MILLISECONDS)) {
        terminal.note(
            "waiting for the metakey daemon, which has not answered yet; it may be starting,"
                + " stopped or overloaded (--timeout says how long to wait)");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody interrupts it; if so, there is nothing to say
    }
  }

  /** The daemon has answered, or nobody waits for it any more. */
  @Override
  public void close() {
    over.countDown();
  }
}
