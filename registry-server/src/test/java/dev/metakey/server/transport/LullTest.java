package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The clock stands still unless a test moves it, so a wait for a moment would never end. */
@Timeout(30)
class LullTest {
  private static final long QUIET_MS = 20;
  private static final long LIMIT_MS = 100;

  private final AtomicLong nowNs = new AtomicLong(Long.MAX_VALUE - 1_000);
  private final Lull lull = new Lull(nowNs::get, QUIET_MS);

  private void pass(long ms) {
    nowNs.addAndGet(TimeUnit.MILLISECONDS.toNanos(ms));
  }

  private CompletableFuture<Void> awaiting() {
    CompletableFuture<Void> returned = new CompletableFuture<>();
    Thread waiter =
        new Thread(
            () -> {
              try {
                lull.await(LIMIT_MS);
                returned.complete(null);
              } catch (InterruptedException e) {
                returned.completeExceptionally(e);
              }
            });
    waiter.start();
    while (waiter.isAlive() && waiter.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    return returned;
  }

  @Test
  void await_whenNobodyEverAsked_returnsAtOnce() throws InterruptedException {
    lull.await(LIMIT_MS);
  }

  @Test
  void await_whenTheLastAnswerWasLongAgo_returnsAtOnce() throws InterruptedException {
    lull.entered();
    lull.answered(nowNs.get());
    lull.left();
    pass(QUIET_MS);
    lull.await(LIMIT_MS);
  }

  @Test
  void await_whenTheLastAnswerWasJustNow_waitsForWhoMayStillAsk() throws Exception {
    lull.entered();
    lull.answered(nowNs.get());
    lull.left();
    CompletableFuture<Void> returned = awaiting();
    assertThat(returned).isNotDone();
    pass(QUIET_MS);
    returned.get();
  }

  @Test
  void await_whileACallIsOpen_waitsForItsAnswer() throws Exception {
    lull.entered();
    pass(QUIET_MS);
    CompletableFuture<Void> returned = awaiting();
    pass(QUIET_MS);
    assertThat(returned).isNotDone();
    lull.answered(nowNs.get());
    lull.left();
    pass(QUIET_MS);
    returned.get();
  }

  @Test
  void await_whenCallsNeverEnd_returnsAtTheLimit() throws Exception {
    lull.entered();
    CompletableFuture<Void> returned = awaiting();
    assertThat(returned).isNotDone();
    pass(LIMIT_MS);
    returned.get();
  }
}
