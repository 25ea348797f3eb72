package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static dev.metakey.server.domain.Loaded.place;
import static dev.metakey.server.domain.Loaded.program;
import static dev.metakey.server.domain.Loaded.use;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Merge;
import dev.metakey.model.Outcome;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What a registry without data makes of the programs that are loaded. */
class AdoptionTest {
  private static final LoadedProgram TAGGER =
      program(
          20,
          use("edge.packet_id", 8, place(3, 32, 2)),
          use("edge.verdict", 4, place(1, 20, 1)),
          use("edge.unlinked", 2, null));

  private final Given host = Given.host();

  private Given adopting(LoadedProgram... programs) {
    return host.loads(programs).restart();
  }

  @Test
  void start_whenAnObjectNamesMoreThanItsProgramUses_adoptsThatTooAndNobodyUsesIt() {
    adopting(Loaded.without(TAGGER, use("edge.zone", 2, place(9, 40, 4))));

    Field field = host.field("edge.zone");
    assertThat(field.id()).isEqualTo(9);
    assertThat(field.generation()).isEqualTo(4);
    host.released(ROOT, "edge.zone");
    assertThat(host.field("edge.zone").state()).isEqualTo(FieldState.RETIRED);
  }

  @Test
  void start_whenNothingWasEverRegistered_adoptsWhatIsLinked() {
    adopting(TAGGER);

    assertThat(host.lastKinds()).containsExactly(ChangeKind.ADOPTED, ChangeKind.ADOPTED);
    assertThat(host.lastChanges()).extracting(c -> c.commitRevision()).containsOnly(2L);
    Field field = host.field("edge.packet_id");
    assertThat(field.id()).isEqualTo(3);
    assertThat(field.slot()).isEqualTo(32);
    assertThat(field.generation()).isEqualTo(2);
    assertThat(field.size()).isEqualTo(8);
    assertThat(field.state()).isEqualTo(FieldState.ACTIVE);
    assertThat(field.owners()).isEmpty();
    assertThat(field.created().revision()).isEqualTo(1);
    assertThat(host.snapshot().byName("edge.unlinked")).isNull();
    assertThat(host.isStale(TAGGER)).isFalse();
  }

  @Test
  void start_whenSomethingWasRegistered_adoptsNothing() {
    host.with(EDGE, FieldSpec.of("a", 2));
    adopting(TAGGER);

    assertThat(host.lastChanges()).isEmpty();
    assertThat(host.isStale(TAGGER)).isTrue();
  }

  @Test
  void start_whenProgramsContradictEachOther_believesTheLowestId() {
    LoadedProgram otherId = program(5, use("edge.packet_id", 8, place(7, 40, 1)));
    LoadedProgram sameId = program(30, use("other.name", 2, place(1, 64, 1)));
    LoadedProgram sameSlot = program(31, use("third.name", 2, place(9, 18, 1)));
    adopting(sameSlot, TAGGER, sameId, otherId);

    assertThat(host.field("edge.packet_id").id()).isEqualTo(7);
    assertThat(host.field("edge.verdict").id()).isEqualTo(1);
    assertThat(host.snapshot().records()).hasSize(2);
    assertThat(host.isStale(otherId)).isFalse();
    for (LoadedProgram stale : new LoadedProgram[] {TAGGER, sameId, sameSlot}) {
      assertThat(host.isStale(stale)).as(stale.toString()).isTrue();
    }
    assertThat(host.register(TRACER, FieldSpec.of("new", 2)).field().id()).isZero();
    assertThat(host.register(TRACER, FieldSpec.of("more", 2)).field().id()).isEqualTo(2);
    assertThat(host.register(TRACER, FieldSpec.of("most", 2)).field().id())
        .as("3 is what the tagger is linked to")
        .isEqualTo(4);
  }

  @Test
  void start_whenARecordMakesNoSense_leavesItAlone() {
    adopting(
        program(
            1,
            use("odd.slot", 8, place(0, 33, 1)),
            use("in.the_bitmap", 2, place(1, 16, 1)),
            use("out.of_area", 8, place(2, 136, 1)),
            use("never.counted", 2, place(3, 32, 0)),
            use("kernel.rx_hash", 4, place(4, 36, 1)),
            use("fine", 4, place(5, 40, 1))));

    assertThat(host.snapshot().records()).extracting(Field::name).containsExactly("fine");
  }

  @Test
  void start_whenProgramsHaveAnotherLayout_takesItAndTheConfigWaits() {
    host.loads(
        program(1, use("a", 8, place(0, 24, 1))),
        program(2, use("b", 8, place(Layout.PACKED, 64, 1, 0, 1))),
        program(3, use("c", 2, place(Layout.PACKED, 64, 2, 0, 5))));
    host.looks();

    Start.Result result = host.start(Layout.SLOTTED, 128, false);

    assertThat(result).isEqualTo(Start.Result.LAYOUT_WAITS_FOR_REBOOT);
    assertThat(host.layout()).isEqualTo(Layout.PACKED);
    assertThat(host.areaBytes()).isEqualTo(64);
    assertThat(host.snapshot().records()).extracting(Field::name).containsExactly("b", "c");
    host.loads().reboot();
    host.newBoot().start(Layout.SLOTTED, 128, false);
    assertThat(host.layout()).isEqualTo(Layout.SLOTTED);
    assertThat(host.field("c").generation()).isEqualTo(5);
  }

  @Test
  void start_whenAsManyHaveOneAreaAsAnother_takesThatOfTheLowestId() {
    adopting(
        program(9, use("a", 2, place(Layout.SLOTTED, 64, 0, 18, 1))),
        program(4, use("b", 2, place(Layout.SLOTTED, 216, 1, 18, 1))));

    assertThat(host.areaBytes()).isEqualTo(216);
  }

  @Test
  void register_whenAdopted_makesTheFirstItsOwnerAndTakesItsAttributes() {
    adopting(TAGGER);
    FieldSpec wanted =
        FieldSpec.of("edge.packet_id", 8)
            .printedAs(Format.HEX)
            .mergedBy(Merge.BLOCK)
            .describedAs("one for every packet");
    host.refused(Reason.MISMATCH, EDGE, FieldSpec.of("edge.packet_id", 4));

    Registered first = host.register(EDGE, wanted);

    assertThat(first.outcome()).isEqualTo(Outcome.EXISTING);
    assertThat(first.differences()).isEmpty();
    assertThat(first.field().id()).isEqualTo(3);
    assertThat(first.field().generation()).isEqualTo(2);
    assertThat(first.field().owners()).containsExactly(EDGE.owner());
    assertThat(first.field().spec()).isEqualTo(wanted);
    assertThat(host.lastKinds()).containsExactly(ChangeKind.JOINED);
    host.register(EDGE, wanted);
    assertThat(host.lastChanges()).isEmpty();
    host.refused(Reason.OWNED_BY_OTHER, TRACER, wanted);
  }

  @Test
  void release_whenNobodyOwnsWhatWasAdopted_isForAdminsAlone() {
    adopting(TAGGER);
    Release release = new Release("edge.verdict", 0);
    assertThat(host.refused(Reason.NOT_PERMITTED, EDGE, release).text())
        .contains("belongs to nobody yet");
    host.refused(Reason.IN_USE, ROOT, release);
    host.loads().looks().run(ROOT, release);

    Field back = host.register(TRACER, FieldSpec.of("edge.verdict", 4)).field();

    assertThat(host.lastKinds()).containsExactly(ChangeKind.RESTORED);
    assertThat(back.owners()).containsExactly(TRACER.owner());
    assertThat(back.id()).isEqualTo(1);
  }

  @Test
  void reserve_whenItSaysWhatWasAdopted_confirmsIt() {
    adopting(TAGGER).reserved("edge.packet_id", 8, 3);

    assertThat(host.field("edge.packet_id").reservation()).isNotNull();
    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.ACTIVE);
  }

  @Test
  void adopt_whenAProgramOfThisRegistryHasALaterGeneration_takesItInPlaceOfTheEarlierField() {
    FieldUse.Place later = place(0, 24, 2);
    host.register(TRACER, FieldSpec.of("earlier", 8));
    host.register(TRACER, FieldSpec.of("stays", 8));
    host.loads(program(1, use("later", 8, later)), program(2, use("worse", 8, place(1, 32, 1))));
    host.looks();

    host.run(ROOT, new Adopt(List.of(UUID.randomUUID())));
    assertThat(host.snapshot().byName("later")).as("another registry's").isNull();

    host.run(ROOT, new Adopt(List.of(later.registryId())));
    assertThat(host.field("later").generation()).isEqualTo(2);
    assertThat(host.field("later").owners()).isEmpty();
    assertThat(host.snapshot().byName("earlier")).isNull();
    assertThat(host.field("stays").id()).isEqualTo(1);
  }
}
