package dev.metakey.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.fleet.v1.Name;
import dev.metakey.model.FieldSpec;
import java.util.List;
import org.junit.jupiter.api.Test;

class RetirementsTest {
  private static final long QUARANTINE_MS = 1_000;
  private final Retirements retirements = new Retirements();

  /** As a host writes it whose clock says so. */
  private static Named retired(long atMs, long revision) {
    return Named.of(
        Name.newBuilder()
            .setSpec(Named.spec(FieldSpec.of("edge.a", 4)))
            .setRetiredAtMs(atMs)
            .build(),
        revision);
  }

  private boolean isOver(Named named, long ageMs) {
    retirements.look(List.of(named), ageMs);
    return retirements.isOver(named, QUARANTINE_MS, ageMs);
  }

  @Test
  void isOver_countsFromWhenThisHostSawIt_whateverAnotherHostTakesForTheTime() {
    for (long atMs : new long[] {1, 1L << 62}) {
      Named named = retired(atMs, atMs);
      assertThat(isOver(named, 5_000)).isFalse();
      assertThat(isOver(named, 5_999)).isFalse();
      assertThat(isOver(named, 6_000)).isTrue();
    }
  }

  @Test
  void isOver_countsAnew_whenTheNameWasHeldMeanwhile() {
    assertThat(isOver(retired(1, 7), 5_000)).isFalse();
    assertThat(isOver(retired(1, 9), 6_000)).isFalse();

    Named live = retired(0, 11);
    retirements.look(List.of(live), 7_000);
    assertThat(retirements.isOver(live, QUARANTINE_MS, 9_000)).isFalse();
    assertThat(isOver(retired(1, 9), 9_000)).isFalse();
    assertThat(isOver(retired(1, 9), 10_000)).isTrue();
  }

  @Test
  void isOver_isFalse_forANameThatWasNotSeen() {
    assertThat(retirements.isOver(retired(1, 1), QUARANTINE_MS, 1L << 40)).isFalse();
  }
}
