package dev.metakey.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
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
}
