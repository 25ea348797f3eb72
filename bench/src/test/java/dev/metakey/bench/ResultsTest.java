package dev.metakey.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.bench.Group.Row;
import dev.metakey.bench.Group.Unit;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResultsTest {
  private final Results results = new Results();

  @Test
  void markdown_whenGoalsAreReachedAndMissed_saysBothAndWhy() {
    Group group = results.group(new Group("Claim", Unit.MICROSECONDS, "floor"));
    group.add(
        row("metakey", 300, Goal.aheadOf("etcd", "slow"), Goal.within(1.3, "floor", "it sleeps")));
    group.add(row("etcd", 600));
    group.add(row("floor", 200));

    assertThat(results.markdown())
        .contains("| **Claim, us** | | | | | |")
        .contains(
            "| metakey | 300 |  | 1.5 | 1 | ahead of etcd: yes, 0.5; at most 1.3 x the floor: **no**, 1.5; it sleeps |")
        .contains("| etcd | 600 |  | 3 | 2 |  |");
  }

  @Test
  void outcomes_whenMoreIsBetter_compareWhatItCosts() {
    Group group = new Group("Claims", Unit.PER_SECOND, null);
    Row metakey = row("metakey", 4000, Goal.aheadOf("etcd", ""));
    group.add(metakey);
    group.add(row("etcd", 1000));

    assertThat(group.outcomes(metakey))
        .singleElement()
        .satisfies(
            outcome -> {
              assertThat(outcome.ratio()).isEqualTo(0.25);
              assertThat(outcome.isReached()).isTrue();
            });
  }

  @Test
  void outcomes_whenTheOtherWasNotMeasured_areNone() {
    Group group = new Group("Claims", Unit.PER_SECOND, null);
    Row metakey = row("metakey", 4000, Goal.aheadOf("etcd", ""));
    group.add(metakey);

    assertThat(group.outcomes(metakey)).isEmpty();
    assertThat(group.ratio(metakey, "etcd")).isNaN();
  }

  @Test
  void figure_hasThreeDigitsThatMeanSomething() {
    assertThat(Results.figure(0.0012345)).isEqualTo("0.00123");
    assertThat(Results.figure(12.3456)).isEqualTo("12.3");
    assertThat(Results.figure(123456)).isEqualTo("123456");
    assertThat(Results.figure(Double.NaN)).isEmpty();
  }

  private static Row row(String name, double median, Goal... goals) {
    return new Row(name, median, null, "", List.of(goals));
  }
}
