package dev.metakey.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.LimitUse;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Quota;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RateTest {
  private static final long SECOND = 1_000_000_000L;
  private static final int PER_SECOND = 100;

  private long nowNs = Long.MAX_VALUE - 3 * SECOND; // nanoTime may overflow
  private final Rate rate = new Rate(PER_SECOND, nowNs);

  private Rate.Held call(int uid) {
    return rate.take(uid, false, Quota.AS_LIMITED, nowNs);
  }

  private long letIn(int uid, int calls) {
    return IntStream.range(0, calls).filter(i -> call(uid) == null).count();
  }

  @Test
  void take_whenAUidSpins_refusesItWhenItsBucketIsEmptyAndNobodyElse() {
    assertThat(letIn(1000, 1000)).isEqualTo(2 * PER_SECOND);
    assertThat(letIn(1001, 10)).isEqualTo(10);

    Rate.Held held = call(1000);
    assertThat(held).isEqualTo(new Rate.Held(1000, PER_SECOND, 200, false, 11));
    assertThat(held.refusal("rule 'few' (metakeyd.yaml:3)").reason())
        .isEqualTo(Reason.QUOTA_EXCEEDED);
    assertThat(held.refusal("rule 'few' (metakeyd.yaml:3)"))
        .hasMessageContaining("one uid may make 100 calls a second; try again in 11 ms");
    assertThat(held.refusal("rule 'few' (metakeyd.yaml:3)").facts())
        .containsEntry("limit", "100")
        .containsEntry("used", "200")
        .containsEntry("retryMs", "11");
    assertThat(rate.use("calls", nowNs).refused()).isEqualTo(801);
  }

  @Test
  void take_whenTimePasses_letsInWhatTheLimitSaysAlsoWhenTheClockOverflows() {
    letIn(1000, 1000);
    for (int second = 0; second < 10; second++) {
      nowNs += SECOND;
      assertThat(letIn(1000, 1000)).isEqualTo(PER_SECOND);
    }
    nowNs += 11_000_000;
    assertThat(call(1000)).isNull();
    nowNs += 100 * SECOND;
    assertThat(letIn(1000, 1000)).isEqualTo(2 * PER_SECOND);
  }

  @Test
  void take_whenItIsAnAdmin_isBoundedByThePolicyAlone() {
    for (int i = 0; i < 10_000; i++) {
      assertThat(rate.take(0, true, Quota.AS_LIMITED, nowNs)).isNull();
    }
    assertThat(rate.take(0, true, 1, nowNs)).isNull();
    assertThat(rate.take(0, true, 1, nowNs)).isNull();
    assertThat(rate.take(0, true, 1, nowNs).refusal("rule 'few' (metakeyd.yaml:3)"))
        .hasMessageContaining("rule 'few' (metakeyd.yaml:3) allows 1 calls a second");
    assertThat(rate.take(0, true, Quota.AS_LIMITED, nowNs)).isNull();
    assertThat(rate.take(0, true, 0, nowNs).refusal("rule 'few' (metakeyd.yaml:3)"))
        .hasMessageContaining("may make no calls");
  }

  @Test
  void take_whenManyUidsCome_forgetsThoseWhoseBucketsAreFull() {
    for (int uid = 0; uid < 100_000; uid++) {
      nowNs += SECOND / 1000;
      assertThat(call(uid)).isNull();
    }
    assertThat(rate.size()).isLessThan(4_100);
  }

  @Test
  void use_whenCallsWereMade_countsThoseOfTheLastWholeSecond() {
    letIn(1000, 1000);
    assertThat(rate.use("calls", nowNs).used()).isZero();
    for (int second = 0; second < 5; second++) { // the clock overflows in between
      nowNs += SECOND;
      assertThat(rate.use("calls", nowNs).used()).isEqualTo(second == 0 ? 200 : 100);
      assertThat(letIn(1000, 1000)).isEqualTo(100);
      assertThat(rate.use("calls", nowNs).used()).isEqualTo(second == 0 ? 200 : 100);
    }
    nowNs += 2 * SECOND;
    assertThat(rate.use("calls", nowNs).used()).isZero();
  }

  @Test
  void use_whenManyCall_namesTheBiggestAndWhatTheyMay() {
    letIn(1000, 5);
    letIn(1001, 500);
    letIn(1002, 7);
    for (int i = 0; i < 1000; i++) {
      assertThat(rate.take(0, true, Quota.AS_LIMITED, nowNs)).isNull();
    }
    assertThat(rate.take(1001, false, 300, nowNs)).isNull(); // a service with a rule of its own
    nowNs += SECOND;

    assertThat(rate.use("calls", nowNs))
        .isEqualTo(
            new LimitUse(
                "calls",
                PER_SECOND,
                0,
                1213,
                300,
                4,
                List.of(
                    new LimitUse.User(0, 1000, 0),
                    new LimitUse.User(1001, 200, PER_SECOND),
                    new LimitUse.User(1002, 7, PER_SECOND))));
  }

  @Test
  void take_whenAThreadComesWithAnEarlierTime_losesNoCount() {
    letIn(1000, 3);
    nowNs += SECOND;
    letIn(1000, 4);
    nowNs -= SECOND / 2;
    letIn(1000, 5);
    nowNs += SECOND / 2;
    assertThat(rate.use("calls", nowNs).used()).isEqualTo(3);
    nowNs += SECOND;
    assertThat(rate.use("calls", nowNs).used()).isEqualTo(9);
  }
}
