package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.EDGE_OF_OTHER_UID;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static dev.metakey.server.domain.Loaded.place;
import static dev.metakey.server.domain.Loaded.program;
import static dev.metakey.server.domain.Loaded.use;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import org.junit.jupiter.api.Test;

/** How an admin frees ids at once, and takes all from one owner. */
class ReleaseNowTest {
  private static final FieldSpec ID = FieldSpec.of("edge.packet_id", 8);
  private static final FieldSpec FLOW = FieldSpec.of("flow", 4).shared();

  private final Given host = Given.host();

  private static Release now(String name) {
    return new Release(name, 0, false, true);
  }

  @Test
  void release_whenNow_freesIdAndSlotAtOnce() {
    host.with(EDGE, ID);

    Field free = host.run(ROOT, now("edge.packet_id"));

    assertThat(free.state()).isEqualTo(FieldState.FREE);
    assertThat(host.lastKinds()).containsExactly(ChangeKind.RELEASED, ChangeKind.FREED);
    assertThat(host.snapshot().byName("edge.packet_id")).isNull();
    Reservation reservation = new Reservation(false, "admin");
    host.run(ROOT, new Reserve(FieldSpec.of("other", 8), 0, reservation));
  }

  @Test
  void release_whenNowAndRetiredAlready_freesIt() {
    host.with(EDGE, ID).released(EDGE, "edge.packet_id");
    host.refused(
        Reason.ID_TAKEN,
        ROOT,
        new Reserve(FieldSpec.of("other", 8), 0, new Reservation(false, "admin")));

    host.run(ROOT, now("edge.packet_id"));

    assertThat(host.lastKinds()).containsExactly(ChangeKind.FREED);
  }

  @Test
  void release_whenNowAndShared_freesItForAllEvenForAnAdminWhoSharesIt() {
    host.with(EDGE, FLOW).with(ROOT, FLOW);

    assertThat(host.run(ROOT, now("flow")).state()).isEqualTo(FieldState.FREE);
  }

  @Test
  void release_whenNowAndReserved_isReservedAgain() {
    host.reserved("edge.packet_id", 8, 9).with(EDGE, ID);

    assertThat(host.run(ROOT, now("edge.packet_id")).state()).isEqualTo(FieldState.RESERVED);
    host.refused(Reason.NOT_FOUND, ROOT, now("edge.packet_id"));
  }

  @Test
  void release_whenNowAndAProgramIsLinkedToTheId_isRefused() {
    host.with(EDGE, ID).loads(program(42, use("edge.was_here", 8, place(0, 24, 1)))).looks();

    MetakeyException refusal = host.refused(Reason.IN_USE, ROOT, now("edge.packet_id"));

    assertThat(refusal.facts()).containsEntry("programs", "42");
    host.released(ROOT, "edge.packet_id");
    host.refused(Reason.IN_USE, ROOT, now("edge.packet_id"));
    host.loads().looks().run(ROOT, now("edge.packet_id"));
  }

  @Test
  void release_whenNowAndProgramsCannotBeSeen_isRefused() {
    host.with(EDGE, ID).blind("not allowed").looks();

    MetakeyException refusal = host.refused(Reason.IN_USE, ROOT, now("edge.packet_id"));

    assertThat(refusal).hasMessageContaining("not allowed").hasMessageContaining("reboot");
    host.refused(Reason.IN_USE, ROOT, new ReleaseAll(EDGE.owner(), true));
    host.blind("").looks().run(ROOT, now("edge.packet_id"));
  }

  @Test
  void release_whenNowAndCallerIsNoAdmin_isRefused() {
    host.with(EDGE, ID);

    host.refused(Reason.NOT_PERMITTED, EDGE, now("edge.packet_id"));
    host.refused(Reason.NOT_PERMITTED, EDGE, new ReleaseAll(EDGE.owner(), false));
  }

  @Test
  void release_whenNowAndGenerationIsWrong_isRefused() {
    host.with(EDGE, ID);

    host.refused(Reason.WRONG_GENERATION, ROOT, new Release("edge.packet_id", 2, false, true));
  }

  @Test
  void release_whenForcedAndNow_isRefused() {
    assertThat(
            catchThrowableOfType(
                    MetakeyException.class, () -> new Release("edge.packet_id", 0, true, true))
                .reason())
        .isEqualTo(Reason.INVALID_REQUEST);
  }

  @Test
  void releaseAll_whenUidIsGreedy_freesEverythingOfItsInOneCommit() {
    for (int i = 0; i < 12; i++) {
      host.with(new Peer(2000, 2000, 1, "claim-" + i), FieldSpec.of("greedy.f" + i, 8));
    }
    host.refused(Reason.NO_FREE_SLOT, EDGE, ID);

    ReleaseAll.Result result = host.run(ROOT, new ReleaseAll(new Owner(2000, ""), true));

    assertThat(result.released())
        .hasSize(12)
        .extracting(Field::state)
        .containsOnly(FieldState.FREE);
    assertThat(result.inUse()).isEmpty();
    assertThat(host.lastChanges()).hasSize(24);
    Reservation reservation = new Reservation(false, "admin");
    host.run(ROOT, new Reserve(FieldSpec.of("greedy.f3", 4), 3, reservation));
    host.with(EDGE, ID);
  }

  @Test
  void releaseAll_whenOwnerIsNamed_takesWhatIsTheirsAlone() {
    Peer unit = new Peer(Owner.unit("edge.service"), 1000, 0, 5, "edge.service", "", false);
    host.with(EDGE, ID).with(EDGE_OF_OTHER_UID, FieldSpec.of("a", 2)).with(TRACER, FLOW);
    host.with(unit, FieldSpec.of("b", 2)).with(unit, FLOW);

    ReleaseAll.Result result = host.run(ROOT, new ReleaseAll(unit.owner(), false));

    assertThat(result.released()).extracting(Field::name).containsExactly("flow", "b");
    assertThat(host.lastKinds()).containsExactly(ChangeKind.LEFT, ChangeKind.RELEASED);
    assertThat(host.field("flow").owners()).containsExactly(TRACER.owner());
    assertThat(host.field("b").state()).isEqualTo(FieldState.RETIRED);
    host.refused(Reason.NOT_FOUND, ROOT, new ReleaseAll(unit.owner(), false));
  }

  @Test
  void releaseAll_whenProgramsAreLinked_leavesWhatTheyUse() {
    host.with(EDGE, ID, FieldSpec.of("edge.hop", 2))
        .loads(program(42, use("edge.packet_id", 8, place(0, 24, 1))))
        .looks();

    ReleaseAll.Result result = host.run(ROOT, new ReleaseAll(EDGE.owner(), true));

    assertThat(result.released()).extracting(Field::name).containsExactly("edge.hop");
    assertThat(result.inUse()).containsExactly(host.field("edge.packet_id"));
    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.ACTIVE);
  }

  @Test
  void releaseAll_whenRetiredBefore_freesThemOnlyNow() {
    host.with(EDGE, ID).released(EDGE, "edge.packet_id");
    host.refused(Reason.NOT_FOUND, ROOT, new ReleaseAll(EDGE.owner(), false));

    host.run(ROOT, new ReleaseAll(EDGE.owner(), true));

    assertThat(host.lastKinds()).containsExactly(ChangeKind.FREED);
  }
}
