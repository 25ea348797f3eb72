package dev.metakey.client;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.FailsafeExecutor;
import dev.failsafe.RetryPolicy;
import dev.failsafe.RetryPolicyBuilder;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.time.Duration;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** How we try again: after 20 ms, then after twice as long each time up to 1 s, with jitter. */
final class Retry {
  private static final Duration FIRST = Duration.ofMillis(20);
  private static final Duration LONGEST = Duration.ofSeconds(1);
  private static final double JITTER = 0.25;

  private Retry() {}

  /** Whether the same call may work later. */
  static boolean isWorthwhile(Throwable failure) {
    return failure instanceof MetakeyException refusal
        && refusal.reason() == Reason.UNAVAILABLE
        && !(refusal.getCause() instanceof InterruptedException);
  }

  /** Tries for as long as it takes. */
  static <T> FailsafeExecutor<T> forever(Predicate<Throwable> worthwhile) {
    return Failsafe.with(Retry.<T>policy(worthwhile).build());
  }

  /**
   * Tries until {@code limit} has passed; zero: once.
   *
   * @throws MetakeyException what the last attempt threw
   */
  static <T> T within(Duration limit, Supplier<T> attempt) {
    if (limit.isZero() || limit.isNegative()) {
      return attempt.get();
    }
    // Failsafe wants more time than the first pause takes.
    Duration time = limit.compareTo(FIRST) > 0 ? limit : FIRST.plusMillis(1);
    RetryPolicy<T> policy = Retry.<T>policy(Retry::isWorthwhile).withMaxDuration(time).build();
    try {
      return Failsafe.with(policy).get(attempt::get);
    } catch (FailsafeException e) {
      throw unwrap(e);
    }
  }

  /** What Failsafe wrapped: nothing that we try throws anything checked but an interruption. */
  static RuntimeException unwrap(FailsafeException e) {
    return e.getCause() instanceof InterruptedException interruption
        ? interrupted(interruption)
        : e;
  }

  /** The flag is set again already, or it is the caller's to set. */
  static MetakeyException interrupted(Throwable interruption) {
    return new MetakeyException(
        Reason.UNAVAILABLE,
        "interrupted while waiting for the metakey daemon; whether the call was carried out is not known",
        Map.of(),
        interruption);
  }

  private static <T> RetryPolicyBuilder<T> policy(Predicate<Throwable> worthwhile) {
    return RetryPolicy.<T>builder()
        .handleIf(worthwhile::test)
        .withMaxAttempts(-1)
        .withBackoff(FIRST, LONGEST)
        .withJitter(JITTER);
  }
}
