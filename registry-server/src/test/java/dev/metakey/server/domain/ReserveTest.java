package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Header;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Outcome;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.Reservation;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Names tied to ids before anybody registers them. */
class ReserveTest {
  private static final Reservation PLANNED = new Reservation(false, "10.yaml:3");
  private static final Reservation HARD_CODED = new Reservation(true, "10.yaml:4");
  private static final FieldSpec MARK = FieldSpec.of("cni.mark", 4);

  private final Given host = Given.host();

  private static Reserve reserve(FieldSpec spec, int id) {
    return new Reserve(spec, id, PLANNED);
  }

  private static Reserve foreign(FieldSpec spec, int id) {
    return new Reserve(spec, id, HARD_CODED);
  }

  @Test
  void reserve_whenIdIsFree_tiesNameToIt() {
    Field reserved = host.run(ROOT, reserve(MARK, 7));

    assertThat(reserved.id()).isEqualTo(7);
    assertThat(reserved.state()).isEqualTo(FieldState.RESERVED);
    assertThat(reserved.owners()).isEmpty();
    assertThat(reserved.generation()).isZero();
    assertThat(reserved.reservation()).isEqualTo(PLANNED);
    assertThat(host.lastKinds()).containsExactly(ChangeKind.RESERVED);
    assertThat(host.snapshot().resolve("cni.mark")).isNull();
    assertThat(host.snapshot().header()).isEqualTo(Header.EMPTY);
  }

  @Test
  void reserve_whenForeign_resolvesAtOnce() {
    Field foreign = host.run(ROOT, foreign(MARK, 7));

    assertThat(foreign.generation()).isEqualTo(1);
    assertThat(host.snapshot().resolve("cni.mark")).isEqualTo(foreign);
    assertThat(host.snapshot().header().sizeOf(7)).isEqualTo(4);
  }

  @Test
  void reserve_whenCallerIsNoAdmin_isRefused() {
    host.refused(Reason.NOT_PERMITTED, EDGE, reserve(MARK, 7));
    host.reserved("cni.mark", 4, 7);
    host.refused(Reason.NOT_PERMITTED, EDGE, new Unreserve("cni.mark"));
  }

  @Test
  void reserve_whenSaidAgain_changesNothing() {
    host.run(ROOT, reserve(MARK, 7));
    host.run(ROOT, new Reserve(MARK, 7, new Reservation(false, "another file:9")));
    assertThat(host.lastChanges()).isEmpty();

    host.with(EDGE, MARK).run(ROOT, reserve(MARK, 7));
    assertThat(host.lastChanges()).isEmpty();

    host.released(EDGE, "cni.mark").run(ROOT, reserve(MARK, 7));
    assertThat(host.lastChanges()).isEmpty();
  }

  @Test
  void reserve_whenIdHasAnotherName_isRefusedNamingIt() {
    host.with(EDGE, FieldSpec.of("edge.packet_id", 8)).reserved("planned", 4, 1);
    host.with(EDGE, FieldSpec.of("old", 2)).released(EDGE, "old");

    MetakeyException active = host.refused(Reason.ID_TAKEN, ROOT, reserve(MARK, 0));
    MetakeyException reserved = host.refused(Reason.ID_TAKEN, ROOT, reserve(MARK, 1));
    MetakeyException retired = host.refused(Reason.ID_TAKEN, ROOT, reserve(MARK, 2));

    assertThat(active.facts())
        .containsEntry("name", "edge.packet_id")
        .containsEntry("id", "0")
        .containsEntry("owner", "edge.service (uid 1000)");
    assertThat(reserved).hasMessageContaining("reserved by 10.yaml:3");
    assertThat(retired.facts()).containsEntry("state", "retired");
  }

  @Test
  void reserve_whenNameHasAnotherId_isRefused() {
    host.with(EDGE, MARK).reserved("planned", 4, 9);

    MetakeyException active = host.refused(Reason.ID_TAKEN, ROOT, reserve(MARK, 7));
    host.refused(Reason.ID_TAKEN, ROOT, reserve(FieldSpec.of("planned", 4), 7));

    assertThat(active.facts()).containsEntry("name", "cni.mark").containsEntry("id", "0");
  }

  @Test
  void reserve_whenNameHasOtherSizeOrMerge_isRefused() {
    host.with(EDGE, MARK.mergedBy(Merge.BLOCK));

    MetakeyException size =
        host.refused(
            Reason.MISMATCH, ROOT, reserve(FieldSpec.of("cni.mark", 8).mergedBy(Merge.BLOCK), 0));
    host.refused(Reason.MISMATCH, ROOT, reserve(MARK.mergedBy(Merge.DISCARD), 0));

    assertThat(size.facts()).containsEntry("difference", "size is 4, asked for 8");
  }

  @Test
  void reserve_whenNameIsRegisteredLikeThat_notesItDown() {
    Field active = host.register(EDGE, MARK.mergedBy(Merge.BLOCK)).field();

    host.run(ROOT, reserve(MARK, 0)); // names no merge rule, so any fits

    assertThat(host.field("cni.mark")).isEqualTo(active.toBuilder().reservation(PLANNED).build());
    assertThat(host.lastKinds()).containsExactly(ChangeKind.RESERVED);
  }

  @Test
  void reserve_whenReservedNameBecomesForeign_resolves() {
    host.run(ROOT, reserve(MARK, 7));

    Field foreign = host.run(ROOT, foreign(MARK, 7));

    assertThat(foreign.generation()).isEqualTo(1);
    assertThat(host.snapshot().resolve("cni.mark")).isEqualTo(foreign);
  }

  @Test
  void reserve_whenForeignNameIsForeignNoLonger_itsIdIsSetAside() {
    host.run(ROOT, foreign(MARK, 7));

    host.run(ROOT, reserve(MARK, 7));
    assertThat(host.snapshot().resolve("cni.mark")).isNull();
    host.run(ROOT, new Unreserve("cni.mark"));

    host.refused(Reason.ID_TAKEN, ROOT, reserve(FieldSpec.of("other", 4), 7));
    host.afterQuarantine().run(ROOT, reserve(FieldSpec.of("other", 4), 7));
  }

  @Test
  void register_whenNameIsReserved_getsItsId() {
    host.run(ROOT, reserve(MARK.describedAs("the mark"), 7));

    Registered registered = host.register(EDGE, MARK);

    assertThat(registered.outcome()).isEqualTo(Outcome.CREATED);
    assertThat(registered.field().id()).isEqualTo(7);
    assertThat(registered.field().generation()).isEqualTo(1);
    assertThat(registered.field().reservation()).isEqualTo(PLANNED);
    assertThat(registered.field().spec().description()).isEqualTo("the mark");
  }

  @Test
  void register_whenNameIsForeign_keepsGeneration() {
    host.run(ROOT, foreign(MARK, 7));

    assertThat(host.register(EDGE, MARK).field().generation()).isEqualTo(1);
  }

  @Test
  void register_whenReservedWithOtherSizeOrMerge_isRefused() {
    host.run(ROOT, reserve(MARK.mergedBy(Merge.BLOCK), 7));

    host.refused(Reason.MISMATCH, EDGE, FieldSpec.of("cni.mark", 8).mergedBy(Merge.BLOCK));
    host.refused(Reason.MISMATCH, EDGE, MARK.mergedBy(Merge.DISCARD));
    host.refused(Reason.MISMATCH, EDGE, MARK);
    host.register(EDGE, MARK.mergedBy(Merge.BLOCK));
  }

  @Test
  void register_whenReservedWithoutMerge_mayNameOne() {
    host.run(ROOT, reserve(MARK, 7));

    assertThat(host.register(EDGE, MARK.mergedBy(Merge.BLOCK)).field().spec().merge())
        .isEqualTo(Merge.BLOCK);
  }

  @Test
  void register_whenOtherNamesAreReserved_getsNoneOfTheirIds() {
    host.reserved("planned", 4, 0).foreign("hard_coded", 4, 1);

    assertThat(host.register(EDGE, FieldSpec.of("new", 8)).field().id()).isEqualTo(2);
  }

  @Test
  void reservation_whenItsFieldIsFreed_stays() {
    host.run(ROOT, reserve(MARK, 7));
    int slot = host.register(EDGE, MARK).field().slot();

    host.released(EDGE, "cni.mark").afterQuarantine();

    assertThat(host.lastKinds()).containsExactly(ChangeKind.FREED);
    assertThat(host.field("cni.mark").state()).isEqualTo(FieldState.RESERVED);
    assertThat(host.field("cni.mark").owners()).isEmpty();
    assertThat(host.field("cni.mark").retired().isNone()).isTrue();
    Field second = host.register(TRACER, MARK).field();
    assertThat(second.id()).isEqualTo(7);
    assertThat(second.generation()).isEqualTo(2);
    assertThat(second.slot()).isEqualTo(slot);
  }

  @Test
  void unreserve_whenNobodyEverHadTheId_forgetsIt() {
    host.reserved("cni.mark", 4, 7).run(ROOT, new Unreserve("cni.mark"));

    assertThat(host.snapshot().byId(7)).isNull();
    assertThat(host.lastKinds()).containsExactly(ChangeKind.UNRESERVED);
    assertThat(host.lastChanges().get(0).after()).isNull();
  }

  @Test
  void unreserve_whenIdWasUsedBefore_isFreeAtOnce() {
    host.reserved("cni.mark", 4, 7).with(EDGE, MARK).released(EDGE, "cni.mark").afterQuarantine();

    host.run(ROOT, new Unreserve("cni.mark"));

    assertThat(host.snapshot().byId(7).state()).isEqualTo(FieldState.FREE);
    assertThat(host.snapshot().byId(7).slot()).isZero();
    assertThat(host.snapshot().byName("cni.mark")).isNull();
    assertThat(host.run(ROOT, reserve(FieldSpec.of("other", 4), 7)).generation()).isEqualTo(1);
  }

  @Test
  void unreserve_whenRegistered_keepsTheField() {
    host.reserved("cni.mark", 4, 7);
    Field active = host.register(EDGE, MARK).field();

    host.run(ROOT, new Unreserve("cni.mark"));
    assertThat(host.field("cni.mark")).isEqualTo(active.toBuilder().reservation(null).build());

    host.released(EDGE, "cni.mark").afterQuarantine();
    assertThat(host.snapshot().byId(7).state()).isEqualTo(FieldState.FREE);
  }

  @Test
  void unreserve_whenForeign_setsIdAsideAndThenFreesIt() {
    host.foreign("cni.mark", 4, 7).run(ROOT, new Unreserve("cni.mark"));
    assertThat(host.field("cni.mark").state()).isEqualTo(FieldState.RETIRED);
    assertThat(host.field("cni.mark").reservation()).isNull();
    host.refused(Reason.ID_TAKEN, ROOT, reserve(FieldSpec.of("other", 4), 7));

    host.afterQuarantine();
    assertThat(host.snapshot().byId(7).state()).isEqualTo(FieldState.FREE);
    assertThat(host.run(ROOT, foreign(FieldSpec.of("other", 4), 7)).generation()).isEqualTo(2);
  }

  @Test
  void unreserve_whenForeignIsReservedAgain_resolvesAgain() {
    Field foreign = host.run(ROOT, foreign(MARK, 7));
    host.run(ROOT, new Unreserve("cni.mark"));

    host.run(ROOT, foreign(MARK, 7));
    assertThat(host.snapshot().resolve("cni.mark").generation()).isEqualTo(foreign.generation());
    assertThat(host.afterQuarantine().field("cni.mark"))
        .isEqualTo(foreign.toBuilder().reservation(HARD_CODED).build());
  }

  @Test
  void release_whenForeign_resolvesStill() {
    host.foreign("cni.mark", 4, 7).with(EDGE, MARK).released(EDGE, "cni.mark");

    assertThat(host.field("cni.mark").state()).isEqualTo(FieldState.RETIRED);
    assertThat(host.snapshot().resolve("cni.mark").id()).isEqualTo(7);
    assertThat(host.snapshot().header().sizeOf(7)).isEqualTo(4);
    host.afterQuarantine();
    assertThat(host.snapshot().resolve("cni.mark").id()).isEqualTo(7);
  }

  @Test
  void quarantine_whenReleasedNameWasForeign_beginsWhenItIsForeignNoLonger() {
    Duration almost = Duration.ofMillis(Given.QUARANTINE_MS - 1);
    host.foreign("cni.mark", 4, 7).with(EDGE, MARK).released(EDGE, "cni.mark");
    host.after(almost).run(ROOT, reserve(MARK, 7));
    host.after(almost);
    assertThat(host.field("cni.mark").state()).isEqualTo(FieldState.RETIRED);

    host.run(ROOT, foreign(MARK, 7));
    host.run(ROOT, new Unreserve("cni.mark"));
    host.after(almost);
    assertThat(host.field("cni.mark").state()).isEqualTo(FieldState.RETIRED);
    host.after(Duration.ofMillis(1));
    assertThat(host.snapshot().byName("cni.mark")).isNull();
  }

  @Test
  void undelete_whenNobodyEverRegisteredIt_isRefused() {
    host.foreign("cni.mark", 4, 7).run(ROOT, new Unreserve("cni.mark"));

    host.refused(Reason.NOT_FOUND, ROOT, new Undelete("cni.mark"));
  }

  @Test
  void register_whenForeignWasUnreserved_takesItOver() {
    host.foreign("cni.mark", 4, 7).run(ROOT, new Unreserve("cni.mark"));

    Registered registered = host.register(EDGE, MARK);

    assertThat(registered.field().id()).isEqualTo(7);
    assertThat(registered.field().generation()).isEqualTo(1);
    assertThat(registered.field().owners()).containsExactly(EDGE.owner());
  }

  @Test
  void unreserve_whenNotReserved_isRefused() {
    host.with(EDGE, MARK);

    host.refused(Reason.NOT_FOUND, ROOT, new Unreserve("cni.mark"));
    host.refused(Reason.NOT_FOUND, ROOT, new Unreserve("never_seen"));
  }

  @Test
  void reserve_whenNoSlotIsLeft_isRefused() {
    Given tight = Given.slotted(24).with(EDGE, FieldSpec.of("full", 8));

    tight.refused(Reason.NO_FREE_SLOT, ROOT, reserve(MARK, 7));
  }
}
