package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static dev.metakey.server.domain.Loaded.place;
import static dev.metakey.server.domain.Loaded.program;
import static dev.metakey.server.domain.Loaded.use;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a loaded program is linked to is neither retired nor freed under it. */
class InUseTest {
  private static final FieldSpec ID = FieldSpec.of("edge.packet_id", 8);
  private static final Release RELEASE = new Release("edge.packet_id", 0);
  private static final Release FORCED = new Release("edge.packet_id", 0, true, false);

  /** A program that is linked to the field with id 0. */
  private static final LoadedProgram USER = program(42, use("edge.packet_id", 8, place(0, 24, 1)));

  private final Given host = Given.host().with(EDGE, ID);

  @Test
  void release_whenAProgramIsLinked_isRefusedAndNamesIt() {
    host.loads(USER).looks();

    MetakeyException refusal = host.refused(Reason.IN_USE, EDGE, RELEASE);

    assertThat(refusal.text())
        .contains("edge.packet_id (id 0)", "program 42 (xdp prog42) is", "Unload it", "--force");
    assertThat(refusal.facts())
        .containsOnly(
            entry("name", "edge.packet_id"),
            entry("id", "0"),
            entry("programs", "42"),
            entry("programCount", "1"));
    host.refused(Reason.IN_USE, ROOT, RELEASE);
    host.loads().looks().released(EDGE, "edge.packet_id");
  }

  @Test
  void release_whenManyProgramsAreLinked_namesFiveAndCountsTheRest() {
    LoadedProgram[] users =
        IntStream.range(0, 20)
            .mapToObj(i -> program(100 + i, use("edge.packet_id", 8, place(0, 24, 1))))
            .toArray(LoadedProgram[]::new);
    host.loads(users).looks();

    MetakeyException refusal = host.refused(Reason.IN_USE, EDGE, RELEASE);

    assertThat(refusal.text())
        .contains("program 104 (xdp prog104) and 15 more are")
        .doesNotContain("105");
    assertThat(refusal.facts())
        .containsEntry("programCount", "20")
        .containsEntry(
            "programs", "100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115");
  }

  @Test
  void release_whenProgramsNameItButAreNotLinkedToIt_isDone() {
    host.loads(
            program(1, use("edge.packet_id", 8, null)),
            program(2, use("edge.packet_id", 8, place(5, 64, 1))),
            program(3, use("edge.other", 8, place(0, 24, 1))))
        .looks();

    host.released(EDGE, "edge.packet_id");
  }

  @Test
  void release_whenAnOwnerOnlyLeaves_isDone() {
    FieldSpec shared = FieldSpec.of("shared.mark", 4).shared();
    host.with(EDGE, shared).with(TRACER, shared);
    host.loads(program(7, use("shared.mark", 4, place(1, 28, 1)))).looks();

    host.released(EDGE, "shared.mark");

    assertThat(host.lastKinds()).containsExactly(ChangeKind.LEFT);
    host.refused(Reason.IN_USE, TRACER, new Release("shared.mark", 0));
  }

  @Test
  void release_whenAnAdminForcesIt_isRecordedAsThat() {
    host.loads(USER).looks();
    MetakeyException refusal = host.refused(Reason.NOT_PERMITTED, EDGE, FORCED);
    assertThat(refusal.text()).contains("release with force is for admins");

    host.run(ROOT, FORCED);

    assertThat(host.lastKinds()).containsExactly(ChangeKind.FORCED);
    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.RETIRED);
  }

  @Test
  void release_whenForcedWithoutNeed_isAnOrdinaryOne() {
    host.loads(program(1, use("edge.packet_id", 8, null))).looks().run(ROOT, FORCED);

    assertThat(host.lastKinds()).containsExactly(ChangeKind.RELEASED);
  }

  @Test
  void quarantine_whenAProgramIsStillLinked_endsWhenItIsGone() {
    host.loads(USER).looks().run(ROOT, FORCED);
    host.afterQuarantine().after(Duration.ofDays(30));
    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.RETIRED);

    host.loads().after(Duration.ofMillis(1));

    assertThat(host.lastKinds()).containsExactly(ChangeKind.FREED);
  }

  @Test
  void quarantine_whenAnyNameOrGenerationIsLinkedToTheId_goesOn() {
    host.released(EDGE, "edge.packet_id")
        .loads(program(9, use("who.knows", 2, place(0, 100, 77))))
        .afterQuarantine();

    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.RETIRED);
  }

  @Test
  void quarantine_whenAProgramIsLoadedBetweenItsEndAndTheLook_goesOn() {
    host.looks().released(EDGE, "edge.packet_id");
    host.after(Duration.ofMillis(Given.QUARANTINE_MS - 1)); // nothing loaded yet
    host.afterUnseen(Duration.ofSeconds(1));
    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.RETIRED);

    host.loads(USER).looks().ticks();

    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.RETIRED);
    host.register(EDGE, ID);
    assertThat(host.field("edge.packet_id").generation()).isEqualTo(1);
  }

  @Test
  void quarantine_whenTheLookBeganBeforeItsEnd_goesOn() {
    host.released(EDGE, "edge.packet_id");
    long lookedAtMs = host.now().ageMs() + Given.QUARANTINE_MS - 1;
    host.afterUnseen(Duration.ofMillis(Given.QUARANTINE_MS + 1));

    host.run(ROOT, Observe.seen(lookedAtMs, List.of()));
    host.ticks();

    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.RETIRED);
  }

  @Test
  void quarantine_whenNothingCanBeSeen_neverEnds() {
    host.released(EDGE, "edge.packet_id").blind("not allowed");
    host.after(Duration.ofDays(365));
    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.RETIRED);

    host.blind("").after(Duration.ZERO);

    assertThat(host.lastKinds()).containsExactly(ChangeKind.FREED);
  }

  @Test
  void look_whenBlind_takesNothingBack() {
    host.loads(USER).looks().blind("not allowed").looks();

    host.refused(Reason.IN_USE, EDGE, RELEASE);
  }

  @Test
  void look_whenOlderThanTheLast_isIgnored() {
    host.loads(USER).looks();

    host.run(ROOT, Observe.seen(host.now().ageMs() - 1, List.of()));

    host.refused(Reason.IN_USE, EDGE, RELEASE);
  }

  @Test
  void reboot_whenAProgramIsLinkedAgainAlready_doesNotFreeItsId() {
    host.released(EDGE, "edge.packet_id").loads(USER).reboot();
    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.RETIRED);
    assertThat(host.register(TRACER, FieldSpec.of("new", 8)).field().id()).isEqualTo(1);

    host.loads().afterQuarantine();

    assertThat(host.snapshot().byName("edge.packet_id")).isNull();
  }

  @Test
  void reboot_whenNothingCanBeSeen_freesRetiredIds() {
    host.released(EDGE, "edge.packet_id").blind("not allowed").reboot();

    assertThat(host.lastKinds()).containsExactly(ChangeKind.FREED);
  }

  @Test
  void ttl_whenItRunsOutUnderAProgram_retiresAndKeepsTheId() {
    Given other = Given.host();
    other.with(EDGE, ID.expiringAfter(Duration.ofMinutes(1)));
    other.loads(USER).after(Duration.ofMinutes(1));
    assertThat(other.lastKinds()).containsExactly(ChangeKind.EXPIRED);

    other.after(Duration.ofDays(1));

    assertThat(other.field("edge.packet_id").state()).isEqualTo(FieldState.RETIRED);
  }
}
