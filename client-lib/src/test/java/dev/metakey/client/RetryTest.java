package dev.metakey.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RetryTest {
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 19, 20, 21, 200})
  void within_whenTheLimitIsShort_triesAndTellsWhatTheLastAttemptSaid(long limitMs) {
    Duration limit = Duration.ofMillis(limitMs);
    assertThat(Retry.within(limit, () -> "answer")).isEqualTo("answer");

    AtomicInteger attempts = new AtomicInteger();
    assertThatThrownBy(
            () ->
                Retry.within(
                    limit,
                    () -> {
                      attempts.incrementAndGet();
                      throw new MetakeyException(Reason.UNAVAILABLE, "not there");
                    }))
        .isInstanceOf(MetakeyException.class)
        .hasMessage("not there");
    assertThat(attempts.get()).isPositive();
  }

  @Test
  void within_whenTheFleetIsAway_triesUntilItAnswers() {
    AtomicInteger attempts = new AtomicInteger();
    String answer =
        Retry.within(
            Duration.ofHours(1),
            () -> {
              if (attempts.incrementAndGet() < 3) {
                throw new MetakeyException(Reason.FLEET_AWAY, "away");
              }
              return "answer";
            });
    assertThat(answer).isEqualTo("answer");
  }

  /** What is published is no answer to what the daemon itself refuses. */
  @Test
  void isWorthwhile_whenTheFleetIsAway_isFalse() {
    assertThat(Retry.isWorthwhile(new MetakeyException(Reason.FLEET_AWAY, "away"))).isFalse();
  }
}
