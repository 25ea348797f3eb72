package dev.metakey.server.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LineBudgetTest {
  private final List<Runnable> later = new ArrayList<>();
  private final List<Long> told = new ArrayList<>();
  private long nowNs = 7;
  private final LineBudget budget = new LineBudget(2, () -> nowNs, later::add, told::add);

  private int taken(int lines) {
    int taken = 0;
    for (int i = 0; i < lines; i++) {
      taken += budget.take() ? 1 : 0;
    }
    return taken;
  }

  @Test
  void take_whenThereAreMany_isRefusedUntilTheTimeIsOver() {
    assertThat(taken(100)).isEqualTo(2);
    nowNs += TimeUnit.SECONDS.toNanos(LineBudget.PERIOD_S);
    assertThat(taken(100)).isEqualTo(2);
  }

  @Test
  void take_whenLinesAreLeftOut_hasTheirNumberToldOnceLater() {
    assertThat(taken(100)).isEqualTo(2);
    assertThat(later).hasSize(1);
    assertThat(told).isEmpty();

    later.get(0).run();
    assertThat(told).containsExactly(98L);
    assertThat(taken(1)).isZero();
    assertThat(later).hasSize(2);
  }

  @Test
  void take_whenThereAreFew_needsNoTimer() {
    assertThat(taken(2)).isEqualTo(2);
    assertThat(later).isEmpty();
  }

  @Test
  void flush_whenNothingWasLeftOut_tellsNothing() {
    budget.flush();
    assertThat(told).isEmpty();
  }
}
