package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static dev.metakey.server.domain.Loaded.TAG;
import static dev.metakey.server.domain.Loaded.place;
import static dev.metakey.server.domain.Loaded.program;
import static dev.metakey.server.domain.Loaded.use;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What a restore gives back, what it keeps, and what it refuses to move. */
class RestoreTest {
  private static final FieldSpec HOP = FieldSpec.of("edge.hop", 2);
  private static final FieldSpec ZONE = FieldSpec.of("edge.zone", 4);
  private static final FieldSpec PACKET = FieldSpec.of("edge.packet_id", 8);
  private static final Tag OTHER_TAG = Tag.of(new byte[] {7, 7, 7, 7, 7, 7});
  private static final UUID NEW_ID = new UUID(9, 9);

  private final Given host = Given.host().looks();

  private Snapshot saved(UnaryOperator<Given> before) {
    return before.apply(host).snapshot();
  }

  private List<Change> restore(Snapshot backup) {
    return host.run(ROOT, restoreOf(backup));
  }

  private static Restore restoreOf(Snapshot backup) {
    return new Restore(backup, Tag.NONE, NEW_ID, false);
  }

  @Test
  void restore_intoAnEmptyRegistry_givesEveryFieldBack() {
    Snapshot backup =
        saved(g -> g.with(EDGE, HOP, ZONE).released(EDGE, "edge.zone").reserved("acme.x", 8, 40));
    Given empty = Given.host().looks();

    empty.run(ROOT, restoreOf(backup));

    assertThat(empty.snapshot().info().registryId()).isEqualTo(NEW_ID);
    assertThat(empty.field("edge.hop")).isEqualTo(backup.byName("edge.hop"));
    assertThat(empty.field("acme.x")).isEqualTo(backup.byName("acme.x"));
    assertThat(empty.field("edge.zone").state()).isEqualTo(FieldState.RETIRED);
    assertThat(empty.field("edge.zone").retired().ageMs()).isEqualTo(empty.now().ageMs());
    assertThat(empty.lastKinds()).containsOnly(ChangeKind.RECOVERED).hasSize(3);
  }

  @Test
  void restore_ofWhatIsThere_changesNothingAndKeepsTheId() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP, ZONE).released(EDGE, "edge.zone"));
    host.after(Duration.ofSeconds(5));

    assertThat(restore(backup)).isEmpty();
    assertThat(host.snapshot().info()).isEqualTo(backup.info());
  }

  @Test
  void restore_afterwards_retiresWhatCameSinceSoThatItsOwnerCanBringItBack() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP));
    host.with(TRACER, ZONE);
    Field zone = host.field("edge.zone");

    restore(backup);

    assertThat(host.field("edge.zone").state()).isEqualTo(FieldState.RETIRED);
    Field again = host.register(TRACER, ZONE).field();
    assertThat(again.id()).isEqualTo(zone.id());
    assertThat(again.slot()).isEqualTo(zone.slot());
  }

  @Test
  void restore_whenReleasedOrTransferredSince_givesItBackToItsOwner() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP, ZONE));
    host.released(EDGE, "edge.hop");
    host.run(ROOT, new Transfer("edge.zone", TRACER.owner()));

    restore(backup);

    assertThat(host.field("edge.hop")).isEqualTo(backup.byName("edge.hop"));
    assertThat(host.field("edge.zone").owners()).containsExactly(EDGE.owner());
  }

  @Test
  void restore_whenAnotherFieldHasTheIdSince_takesItBackInALaterGeneration() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP));
    host.run(ROOT, new Release("edge.hop", 0, false, true));
    host.reserved("acme.x", 2, 0).with(TRACER, FieldSpec.of("acme.x", 2));
    assertThat(host.field("acme.x").generation()).isEqualTo(2);

    restore(backup);

    assertThat(host.field("edge.hop").id()).isZero();
    assertThat(host.field("edge.hop").generation()).isEqualTo(3);
    assertThat(host.snapshot().byName("acme.x")).isNull();
  }

  @Test
  void restore_whenTheNameHasAnotherIdSince_movesItBack() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP, ZONE));
    host.run(ROOT, new Release("edge.hop", 0, false, true));
    host.run(ROOT, new Release("edge.zone", 0, false, true));
    host.reserved("edge.zone", 4, 0).reserved("edge.hop", 2, 1);

    restore(backup);

    assertThat(host.field("edge.hop").id()).isZero();
    assertThat(host.field("edge.zone").id()).isEqualTo(1);
    assertThat(host.field("edge.zone").slot()).isEqualTo(backup.byName("edge.zone").slot());
  }

  @Test
  void restore_whenAProgramHardCodedAReleasedIdSince_setsItAsideFromNowOn() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP).released(EDGE, "edge.hop"));
    host.run(ROOT, new Reserve(HOP, 0, new Reservation(true, "acme.yaml:1")));
    host.after(Duration.ofSeconds(5));

    restore(backup);

    assertThat(host.field("edge.hop").isForeign()).isFalse();
    assertThat(host.field("edge.hop").retired().ageMs()).isEqualTo(host.now().ageMs());
  }

  @Test
  void restore_whenTheBackupNeedsThePlaceOfAFieldWithATtl_freesItForGood() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP));
    host.run(ROOT, new Release("edge.hop", 0, false, true));
    host.reserved("acme.x", 8, 40)
        .with(TRACER, FieldSpec.of("acme.x", 8).expiringAfter(Duration.ofHours(1)));

    restore(backup);

    assertThat(host.snapshot().byId(40).is(FieldState.FREE)).isTrue();
    assertThat(host.snapshot().byId(40).expiresAtMs()).isZero();
  }

  @Test
  void restore_whenReservedSince_keepsTheReservation() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP));
    host.reserved("acme.x", 8, 40);

    assertThat(restore(backup)).isEmpty();
    assertThat(host.field("acme.x").id()).isEqualTo(40);
  }

  @Test
  void restore_whileProgramsUseWhatCameSince_leavesThatAsItIs() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP));
    host.with(EDGE, ZONE).with(EDGE, PACKET);
    Field zone = host.field("edge.zone");
    host.loads(program(20, use("edge.zone", 4, place(zone.id(), zone.slot(), 1)))).looks();

    restore(backup);

    assertThat(host.field("edge.zone")).isEqualTo(zone);
    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.RETIRED);
  }

  @Test
  void restore_whileProgramsUseWhatTheBackupWouldMove_isRefusedAndNamesThem() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP));
    host.run(ROOT, new Release("edge.hop", 0, false, true));
    host.reserved("acme.x", 2, 0).with(TRACER, FieldSpec.of("acme.x", 2));
    host.loads(program(20, use("acme.x", 2, place(0, 18, 2)))).looks();

    assertThat(host.refused(Reason.IN_USE, ROOT, restoreOf(backup)).text())
        .contains("prog20", "acme.x", "id 0");
  }

  @Test
  void restore_whileProgramsUseAPlaceThatTheBackupNeeds_isRefused() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP));
    host.loads(program(20, use("acme.x", 8, place(30, 24, 1)))).looks(); // bytes 17 to 24

    assertThat(host.refused(Reason.IN_USE, ROOT, restoreOf(backup)).text()).contains("prog20");
  }

  @Test
  void restore_ofAnIdThatAProgramHardCodes_isRefused() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP));
    host.run(ROOT, new Release("edge.hop", 0, false, true));
    host.foreign("legacy.mark", 4, 0);

    assertThat(host.refused(Reason.IN_USE, ROOT, restoreOf(backup)).text())
        .contains("legacy.mark", "unreserve");
  }

  @Test
  void restore_whenProgramsCannotBeSeen_needsAnAdminsWord() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP));
    host.released(EDGE, "edge.hop").blind("not allowed").looks();

    assertThat(host.refused(Reason.IN_USE, ROOT, restoreOf(backup)).text())
        .contains("not allowed", "--nothing-loaded");
    host.run(ROOT, new Restore(backup, Tag.NONE, NEW_ID, true));
    assertThat(host.field("edge.hop").state()).isEqualTo(FieldState.ACTIVE);
  }

  @Test
  void restore_whenNotAnAdmin_isRefused() {
    host.refused(Reason.NOT_PERMITTED, EDGE, restoreOf(host.snapshot()));
  }

  @Test
  void restore_ofAnotherLayoutOrArea_isRefusedAndSaysWhatToDo() {
    Snapshot packed = Given.packed().with(EDGE, HOP).snapshot();

    assertThat(host.refused(Reason.INVALID_REQUEST, ROOT, restoreOf(packed)).text())
        .contains("layout packed", "layout slotted");
  }

  @Test
  void restore_withATag_takesItOnUnlessProgramsAreLinkedWithThePresentOne() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP));
    Restore restore = new Restore(backup, OTHER_TAG, NEW_ID, false);
    host.loads(program(20, use("edge.hop", 2, place(0, 18, 1)))).looks();

    host.run(ROOT, restore);
    assertThat(host.tag()).isEqualTo(TAG);
    host.loads().looks().run(ROOT, restore);
    assertThat(host.tag()).isEqualTo(OTHER_TAG);
  }

  @Test
  void restore_whenAReservationIsInTheWay_takesItsPlace() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP));
    host.run(ROOT, new Release("edge.hop", 0, false, true));
    host.run(ROOT, new Reserve(FieldSpec.of("acme.y", 4), 0, new Reservation(false, "root")));

    restore(backup);

    assertThat(host.field("edge.hop").id()).isZero();
    assertThat(host.snapshot().byName("acme.y")).isNull();
  }

  @Test
  void restore_ofWhatNoRegistryCanHaveHeld_isRefused() {
    Snapshot backup = saved(g -> g.with(EDGE, HOP, ZONE));
    Field hop = backup.byName("edge.hop");
    Field zone = backup.byName("edge.zone");

    for (Field impossible :
        List.of(
            hop.toBuilder().slot(zone.slot()).build(),
            hop.toBuilder().slot(8).build(),
            hop.toBuilder().slot(130).build(),
            hop.toBuilder().generation(-1).build())) {
      assertThat(
              host.refused(Reason.INVALID_REQUEST, ROOT, restoreOf(backup.replacing(impossible)))
                  .text())
          .contains("no daemon made this backup", "nothing was changed");
    }
  }
}
