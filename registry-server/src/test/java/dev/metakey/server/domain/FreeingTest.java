package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE_AS_ROOT;
import static dev.metakey.server.domain.Given.ROOT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.Outcome;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a retired id is free again, and who gets it. */
class FreeingTest {
  /** All 64 ids taken: {@code edge.f0} has id 0 and so on. */
  private final Given host = Given.packed().with(EDGE_AS_ROOT, Given.fields(64, 2));

  private static final FieldSpec NEW = FieldSpec.of("new", 8);

  @Test
  void id_whenInQuarantine_isNotFree() {
    host.released(EDGE_AS_ROOT, "edge.f3").after(Duration.ofMillis(Given.QUARANTINE_MS - 1));

    host.refused(Reason.NO_FREE_ID, EDGE_AS_ROOT, NEW);
    assertThat(host.field("edge.f3").state()).isEqualTo(FieldState.RETIRED);
  }

  @Test
  void id_whenQuarantineIsOver_isFree() {
    host.released(EDGE_AS_ROOT, "edge.f3").afterQuarantine();

    assertThat(host.lastKinds()).containsExactly(ChangeKind.FREED);
    assertThat(host.snapshot().byName("edge.f3")).isNull();
    assertThat(host.snapshot().byId(3).state()).isEqualTo(FieldState.FREE);
    assertThat(host.snapshot().byId(3).name()).isEqualTo("edge.f3");
    assertThat(host.snapshot().byId(3).slot()).isZero();
    assertThat(host.register(EDGE_AS_ROOT, NEW).field().id()).isEqualTo(3);
  }

  @Test
  void id_whenHostRebooted_isFreeAtOnce() {
    host.released(EDGE_AS_ROOT, "edge.f3").reboot();

    assertThat(host.lastKinds()).containsExactly(ChangeKind.FREED);
    assertThat(host.register(EDGE_AS_ROOT, NEW).field().id()).isEqualTo(3);
  }

  @Test
  void id_whenAnAdminSaysThatNothingIsLoaded_isFreeAtOnce() {
    host.released(EDGE_AS_ROOT, "edge.f3").start(Layout.PACKED, 128, true);

    assertThat(host.lastKinds()).containsExactly(ChangeKind.FREED);
    assertThat(host.register(EDGE_AS_ROOT, NEW).field().id()).isEqualTo(3);
  }

  @Test
  void id_whenOnlyTheDaemonRestarted_isNotFree() {
    host.released(EDGE_AS_ROOT, "edge.f3").restart();

    assertThat(host.lastChanges()).isEmpty();
    host.refused(Reason.NO_FREE_ID, EDGE_AS_ROOT, NEW);
  }

  @Test
  void id_whenReleasedAfterAReboot_isInQuarantineAgain() {
    host.reboot().released(EDGE_AS_ROOT, "edge.f3").restart();

    host.refused(Reason.NO_FREE_ID, EDGE_AS_ROOT, NEW);
  }

  @Test
  void quarantine_whenFieldCameBack_beginsAnew() {
    host.released(EDGE_AS_ROOT, "edge.f3").after(Duration.ofMinutes(9));
    host.with(EDGE_AS_ROOT, FieldSpec.of("edge.f3", 2)).after(Duration.ofHours(1));
    assertThat(host.field("edge.f3").state()).isEqualTo(FieldState.ACTIVE);

    host.released(EDGE_AS_ROOT, "edge.f3").after(Duration.ofMinutes(9));
    assertThat(host.field("edge.f3").state()).isEqualTo(FieldState.RETIRED);
  }

  /** The registry's age counts, which nobody can set. */
  @Test
  void quarantine_whenClockGoesBack_lastsAsLong() {
    host.released(EDGE_AS_ROOT, "edge.f3").back(Duration.ofHours(1));
    assertThat(host.lastChanges()).isEmpty();
    host.after(Duration.ofMillis(Given.QUARANTINE_MS - 1));
    assertThat(host.field("edge.f3").state()).isEqualTo(FieldState.RETIRED);

    host.after(Duration.ofMillis(1));
    assertThat(host.snapshot().byName("edge.f3")).isNull();
  }

  @Test
  void name_whenFreedAndRegisteredAgain_isNewAndMayHaveAnotherId() {
    host.released(EDGE_AS_ROOT, "edge.f3", "edge.f2").afterQuarantine();

    Registered again = host.register(ROOT, FieldSpec.of("edge.f2", 8));

    assertThat(again.outcome()).isEqualTo(Outcome.CREATED);
    assertThat(again.field().id()).isEqualTo(3); // retired before 2 was
    assertThat(again.field().generation()).isEqualTo(2);
    assertThat(again.field().owners()).containsExactly(ROOT.owner());
  }

  @Test
  void freeIds_areGivenNeverUsedFirstThenLongestRetired() {
    Given few = Given.packed().with(EDGE_AS_ROOT, Given.fields(62, 2));
    few.released(EDGE_AS_ROOT, "edge.f9", "edge.f1", "edge.f5").afterQuarantine();

    List<Registered> given =
        few.register(
            EDGE_AS_ROOT,
            List.of(
                FieldSpec.of("a", 2),
                FieldSpec.of("b", 2),
                FieldSpec.of("c", 2),
                FieldSpec.of("d", 2),
                FieldSpec.of("e", 2)));

    assertThat(given).extracting(r -> r.field().id()).containsExactly(62, 63, 9, 1, 5);
  }

  @Test
  void freeIds_whenRetiredAgain_goToTheEndOfTheLine() {
    host.released(EDGE_AS_ROOT, "edge.f1", "edge.f2");
    host.with(EDGE_AS_ROOT, FieldSpec.of("edge.f1", 2))
        .released(EDGE_AS_ROOT, "edge.f1")
        .afterQuarantine();

    assertThat(host.register(EDGE_AS_ROOT, NEW).field().id()).isEqualTo(2);
  }

  @Test
  void freeIds_whenRetiredByAClockThatWentBack_areGivenByRevision() {
    host.released(EDGE_AS_ROOT, "edge.f7")
        .back(Duration.ofDays(1))
        .released(EDGE_AS_ROOT, "edge.f1");
    host.after(Duration.ofDays(2));

    assertThat(host.register(EDGE_AS_ROOT, NEW).field().id()).isEqualTo(7);
  }

  @Test
  void freeIds_whenReservedAndUnreservedMeanwhile_goToTheEndOfTheLine() {
    host.released(EDGE_AS_ROOT, "edge.f1", "edge.f2").afterQuarantine();
    host.reserved("planned", 2, 2).run(ROOT, new Unreserve("planned"));

    assertThat(host.register(EDGE_AS_ROOT, NEW).field().id()).isEqualTo(1);
  }

  @Test
  void generation_countsTheFieldsThatAnIdBelongedTo() {
    assertThat(host.field("edge.f3").generation()).isEqualTo(1);
    host.released(EDGE_AS_ROOT, "edge.f3").with(EDGE_AS_ROOT, FieldSpec.of("edge.f3", 2));
    assertThat(host.field("edge.f3").generation()).as("brought back").isEqualTo(1);

    host.released(EDGE_AS_ROOT, "edge.f3").reboot();
    Field second = host.register(EDGE_AS_ROOT, NEW).field();
    assertThat(second.generation()).isEqualTo(2);
    host.refused(Reason.WRONG_GENERATION, EDGE_AS_ROOT, new Release("new", 1));

    host.released(EDGE_AS_ROOT, "new").reboot();
    assertThat(host.register(EDGE_AS_ROOT, FieldSpec.of("edge.f3", 2)).field().generation())
        .isEqualTo(3);
  }
}
