package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Loaded.place;
import static dev.metakey.server.domain.Loaded.program;
import static dev.metakey.server.domain.Loaded.use;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import org.junit.jupiter.api.Test;

/** Programs whose records disagree with the registry, and what is kept for them. */
class DriftTest {
  private static final String NAME = "edge.packet_id";

  private final Given host = Given.host().with(EDGE, FieldSpec.of(NAME, 8));

  private String fault(FieldUse use) {
    return Drift.faultOf(host.snapshot(), host.tag(), use);
  }

  @Test
  void record_whenItAgrees_isNotStaleWhateverRegistryItIsFrom() {
    assertThat(fault(use(NAME, 8, place(0, 24, 1)))).isEmpty();
    assertThat(
            fault(
                use(
                    NAME,
                    8,
                    FieldUse.Place.of(host.snapshot().info(), host.tag(), host.field(NAME)))))
        .isEmpty();
    assertThat(fault(use(NAME, 8, null))).isEmpty();
    host.released(EDGE, NAME);
    assertThat(fault(use(NAME, 8, place(0, 24, 1)))).as("retired").isEmpty();
  }

  @Test
  void record_whenItDisagrees_tellsInWhat() {
    assertThat(fault(use("edge.other", 8, place(0, 24, 1))))
        .isEqualTo("the name is not known here");
    assertThat(fault(use(NAME, 8, place(5, 24, 1)))).isEqualTo("id 5, here 0");
    assertThat(fault(use(NAME, 4, place(0, 24, 1)))).isEqualTo("size 4, here 8");
    assertThat(fault(use(NAME, 8, place(0, 32, 1)))).isEqualTo("slot 32, here 24");
    assertThat(fault(use(NAME, 8, place(0, 24, 2)))).isEqualTo("generation 2, here 1");
    assertThat(fault(use(NAME, 8, place(Layout.PACKED, 128, 0, 0, 1))))
        .isEqualTo("layout packed, here slotted; slot 0, here 24");
    assertThat(fault(use(NAME, 8, place(Layout.SLOTTED, 64, 0, 24, 1))))
        .isEqualTo("area 64, here 128");
    assertThat(fault(use("kernel.rx_hash", 4, place(1, 0, 0)))).contains("id 1, here 65");
  }

  @Test
  void program_whenOneOfItsRecordsDisagrees_isStale() {
    FieldUse good = use(NAME, 8, place(0, 24, 1));
    assertThat(host.isStale(program(1, good, good))).isFalse();
    assertThat(host.isStale(program(1, good, use("x", 2, place(9, 26, 1))))).isTrue();
  }

  @Test
  void newField_whenAStaleProgramHasTheNextIdAndSlot_getsOthers() {
    host.loads(program(7, use("lost.field", 8, place(1, 32, 1)))).looks();

    Field given = host.register(EDGE, FieldSpec.of("new", 8)).field();
    Field same = host.register(EDGE, FieldSpec.of("lost.field", 8)).field();

    assertThat(given.id()).isEqualTo(2);
    assertThat(given.slot()).isEqualTo(40);
    assertThat(same.id()).isEqualTo(3);
    host.loads().looks();
    Field later = host.register(EDGE, FieldSpec.of("later", 8)).field();
    assertThat(later.id()).isEqualTo(1);
    assertThat(later.slot()).isEqualTo(32);
  }

  @Test
  void newField_whenStaleProgramsHaveEveryFreeId_isRefusedAndTellsWhy() {
    Given full = Given.packed().with(ROOT, Given.fields(63, 2));
    full.loads(program(7, use("lost", 8, place(Layout.PACKED, 128, 63, 0, 1)))).looks();

    MetakeyException refusal = full.refused(Reason.NO_FREE_ID, ROOT, FieldSpec.of("new", 2));

    assertThat(refusal.text()).contains("63 of 64 ids", "and 1 ids by loaded programs");
  }

  @Test
  void newField_whenAStaleProgramHasTheLastSlot_isRefusedAndTellsWhy() {
    Given small = Given.slotted(32).with(EDGE, FieldSpec.of("a", 8));
    small.loads(program(7, use("lost", 4, place(9, 28, 1)))).looks();

    MetakeyException refusal = small.refused(Reason.NO_FREE_SLOT, EDGE, FieldSpec.of("b", 8));

    assertThat(refusal.text()).contains("8 of 16 bytes", "and 4 bytes by loaded programs");
    assertThat(small.register(EDGE, FieldSpec.of("c", 4)).field().slot()).isEqualTo(32);
  }

  @Test
  void reserve_whenAStaleProgramHasTheId_isRefusedAndNamesIt() {
    host.loads(program(7, use("lost.field", 8, place(9, 64, 1)))).looks();

    MetakeyException refusal =
        host.refused(
            Reason.ID_TAKEN,
            ROOT,
            new Reserve(FieldSpec.of("planned", 8), 9, new Reservation(false, "10.yaml:3")));

    assertThat(refusal.text()).contains("planned cannot have id 9", "program 7 (xdp prog7)");
    assertThat(refusal.facts()).containsEntry("programs", "7").containsEntry("id", "9");
    host.loads().looks().reserved("planned", 8, 9);
  }

  @Test
  void layout_whenLoadedProgramsUseTheOldOne_waitsAlsoAfterAReboot() {
    host.loads(program(7, use(NAME, 8, place(0, 24, 1)))).newBoot().looks();
    assertThat(host.start(Layout.PACKED, 128, true))
        .isEqualTo(Start.Result.LAYOUT_WAITS_FOR_REBOOT);
    assertThat(host.layout()).isEqualTo(Layout.SLOTTED);

    host.loads().newBoot().looks();
    assertThat(host.start(Layout.PACKED, 128, false)).isEqualTo(Start.Result.AS_CONFIGURED);
  }
}
