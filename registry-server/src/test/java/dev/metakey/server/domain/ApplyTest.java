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
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Files that are applied and imported, and reservations that name a slot. */
class ApplyTest {
  private final Given host = Given.host().looks();

  private static Reserve reserve(String name, int size, int id, int slot) {
    return new Reserve(FieldSpec.of(name, size), id, slot, new Reservation(false, "/f.yaml:" + id));
  }

  private static Import field(String name, int size, int id, int slot, Owner... owners) {
    return new Import(FieldSpec.of(name, size), id, slot, List.of(owners), "/f.yaml:" + id);
  }

  private Apply.Result apply(Apply.Entry... entries) {
    return host.run(ROOT, new Apply(List.of(entries)));
  }

  @Test
  void apply_whenAllIsFree_makesAllOfItAndThenNothing() {
    Apply.Result made = apply(reserve("a.x", 8, 3, 32), field("a.y", 2, 5, 0, EDGE.owner()));

    assertThat(made.conflicts()).isEmpty();
    assertThat(host.lastKinds()).containsExactly(ChangeKind.RESERVED, ChangeKind.CREATED);
    assertThat(host.field("a.x").slot()).isEqualTo(32);
    assertThat(host.field("a.y").owners()).containsExactly(EDGE.owner());
    assertThat(apply(reserve("a.x", 8, 3, 32), field("a.y", 2, 5, 0, EDGE.owner())).changes())
        .isEmpty();
  }

  @Test
  void apply_whenSomethingContradicts_namesEachPlaceAndChangesNothing() {
    host.with(EDGE, FieldSpec.of("edge.hop", 2));
    long revision = host.revision();

    Apply.Result none =
        apply(reserve("a.x", 8, 3, 0), reserve("a.y", 2, 0, 0), reserve("a.z", 2, 4, 18));

    assertThat(none.changes()).isEmpty();
    assertThat(none.conflicts()).hasSize(2);
    assertThat(none.conflicts().get(0)).startsWith("/f.yaml:0: ").contains("edge.hop");
    assertThat(none.conflicts().get(1)).startsWith("/f.yaml:4: ").contains("slot 18", "edge.hop");
    assertThat(host.revision()).isEqualTo(revision);
    assertThat(host.snapshot().byName("a.x")).isNull();
  }

  @Test
  void apply_whenTheFileContradictsItself_namesTheSecond() {
    assertThat(apply(reserve("a.x", 8, 3, 0), reserve("a.x", 8, 4, 0)).conflicts())
        .singleElement()
        .asString()
        .startsWith("/f.yaml:4: ");
  }

  @Test
  void apply_whenNotAnAdmin_isRefused() {
    host.refused(Reason.NOT_PERMITTED, EDGE, new Apply(List.of()));
  }

  @Test
  void reserve_withASlot_givesItToWhoeverRegisters() {
    host.run(ROOT, reserve("a.x", 4, 9, 28));

    assertThat(host.register(EDGE, FieldSpec.of("a.x", 4)).field().slot()).isEqualTo(28);
    assertThat(host.refused(Reason.ID_TAKEN, ROOT, reserve("a.x", 4, 9, 32)).text())
        .contains("slot 32", "it has 28");
  }

  @Test
  void reserve_withASlotThatCannotBe_isRefusedAndSaysWhich() {
    for (int slot : new int[] {25, 8, 16, 136}) {
      assertThat(host.refused(Reason.INVALID_REQUEST, ROOT, reserve("a.x", 8, 9, slot)).text())
          .contains("multiple of 8, from 24 to 128");
    }
    assertThat(host.refused(Reason.INVALID_REQUEST, ROOT, reserve("a.x", 2, 9, 16)).text())
        .contains("from 18 to 128");
    Given.packed().refused(Reason.INVALID_REQUEST, ROOT, reserve("a.x", 8, 9, 24));
  }

  @Test
  void reserve_withASlotThatAStaleProgramUses_isRefused() {
    host.loads(program(20, use("gone.x", 8, place(30, 24, 1)))).looks();

    host.refused(Reason.ID_TAKEN, ROOT, reserve("a.x", 4, 9, 24));
  }

  @Test
  void import_ofWhatIsReservedRetiredOrOwnerless_givesItToTheFilesOwners() {
    host.reserved("a.reserved", 2, 7)
        .with(EDGE, FieldSpec.of("a.retired", 2))
        .released(EDGE, "a.retired");
    Field retired = host.field("a.retired");

    apply(
        field("a.reserved", 2, 7, 0, TRACER.owner()),
        field("a.retired", 2, retired.id(), retired.slot(), EDGE.owner()));

    assertThat(host.field("a.reserved").state()).isEqualTo(FieldState.ACTIVE);
    assertThat(host.field("a.reserved").owners()).containsExactly(TRACER.owner());
    assertThat(host.field("a.reserved").generation()).isEqualTo(1);
    assertThat(host.field("a.retired").generation()).isEqualTo(retired.generation());
    assertThat(host.lastKinds()).containsExactly(ChangeKind.CREATED, ChangeKind.RESTORED);
  }

  @Test
  void import_ofAnothersField_isAConflict() {
    host.with(EDGE, FieldSpec.of("edge.hop", 2));

    assertThat(apply(field("edge.hop", 2, 0, 18, TRACER.owner())).conflicts())
        .singleElement()
        .asString()
        .contains("belongs to edge.service", "transfer");
    assertThat(apply(field("edge.hop", 4, 0, 18, EDGE.owner())).conflicts())
        .singleElement()
        .asString()
        .contains("size is 2, asked for 4");
  }
}
