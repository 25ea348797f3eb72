package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class SnapshotTest {
  private static final RegistryInfo INFO =
      new RegistryInfo(UUID.randomUUID(), 1, Layout.SLOTTED, 128);
  private static final Peer PEER = new Peer(0, 0, 1, "test");

  private static Field field(int id, String name, FieldState state) {
    return new Field.Builder(id, FieldSpec.of(name, 8), state).build();
  }

  private static Snapshot of(Field... fields) {
    return Snapshot.of(INFO, List.of(fields));
  }

  @Test
  void empty_always_knowsTheKernelsFields() {
    Snapshot empty = Snapshot.empty(UUID.randomUUID(), Layout.PACKED, 24);
    assertThat(empty.header()).isEqualTo(Header.EMPTY);
    assertThat(empty.records()).isEmpty();
    assertThat(empty.fields()).extracting(Field::id).containsExactly(64, 65, 66);
    assertThat(empty.resolve("kernel.rx_hash")).isEqualTo(empty.byId(65)).isNotNull();
  }

  @Test
  void byId_whenThereIsNone_isNull() {
    Snapshot snapshot = of(field(3, "a", FieldState.ACTIVE));
    assertThat(snapshot.byId(3)).isNotNull();
    for (int id : new int[] {-1, 0, 63, 67, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      assertThat(snapshot.byId(id)).isNull();
    }
  }

  @Test
  void freeIds_whenSomeWereUsed_haveTheLongestRetiredLast() {
    Field late = field(0, "a", FieldState.FREE).toBuilder().retired(new Stamp(9, 1)).build();
    Field early = field(2, "b", FieldState.FREE).toBuilder().retired(new Stamp(5, 1)).build();

    List<Integer> free = of(late, field(1, "c", FieldState.RETIRED), early).freeIds();

    assertThat(free).hasSize(63).startsWith(3, 4, 5).endsWith(63, 2, 0).doesNotContain(1);
  }

  @Test
  void resolve_whenNotInUse_isNull() {
    Snapshot snapshot =
        of(
            field(0, "active", FieldState.ACTIVE),
            field(1, "retired", FieldState.RETIRED),
            field(2, "reserved", FieldState.RESERVED),
            field(3, "reserved", FieldState.FREE),
            field(4, "foreign", FieldState.RESERVED).toBuilder()
                .reservation(new Reservation(true, "x:1"))
                .build());
    assertThat(snapshot.resolve("active")).isNotNull();
    assertThat(snapshot.resolve("foreign")).isNotNull();
    assertThat(snapshot.resolve("retired")).isNull();
    assertThat(snapshot.byName("retired")).isNotNull();
    assertThat(snapshot.resolve("reserved")).isNull();
    assertThat(snapshot.byName("reserved").id()).isEqualTo(2);
    assertThat(snapshot.byId(3)).isNotNull();
    assertThat(snapshot.header()).isEqualTo(Header.EMPTY.with(0, 8).with(4, 8));
  }

  @Test
  void of_whenANameHasTwoIds_isRefused() {
    assertThatThrownBy(
            () -> of(field(0, "a", FieldState.ACTIVE), field(1, "a", FieldState.RETIRED)))
        .hasMessage("a has two ids: 0 and 1");
    assertThatThrownBy(() -> of(field(0, "a", FieldState.ACTIVE), field(0, "b", FieldState.ACTIVE)))
        .hasMessage("two fields have id 0");
  }

  @Test
  void with_whenAFieldChanges_leavesTheOldSnapshotAlone() {
    Field before = field(0, "a", FieldState.ACTIVE);
    Field after = field(0, "a", FieldState.RETIRED);
    Snapshot old = of(before);
    Snapshot next =
        old.with(
            INFO.withRevision(2),
            List.of(new Change(2, 2, 0, ChangeKind.RELEASED, before, after, PEER)));
    assertThat(next.info().revision()).isEqualTo(2);
    assertThat(next.resolve("a")).isNull();
    assertThat(next.byName("a")).isEqualTo(after);
    assertThat(old.resolve("a")).isEqualTo(before);
  }

  @Test
  void with_whenAReservationIsDropped_forgetsTheField() {
    Field before = field(0, "a", FieldState.RESERVED);
    Snapshot next =
        of(before)
            .with(INFO, List.of(new Change(2, 2, 0, ChangeKind.UNRESERVED, before, null, PEER)));
    assertThat(next.records()).isEmpty();
    assertThat(next.byName("a")).isNull();
  }

  @Test
  void similarTo_whenALetterIsWrong_findsIt() {
    Snapshot snapshot =
        of(
            field(0, "edge.packet_id", FieldState.ACTIVE),
            field(1, "edge.flow_id", FieldState.ACTIVE),
            field(2, "other.packet_id", FieldState.ACTIVE),
            field(3, "edge.packet_ix", FieldState.RETIRED));
    assertThat(snapshot.similarTo("edge.pakcet_id")).startsWith("edge.packet_id");
    assertThat(snapshot.similarTo("edge.packet_ic"))
        .startsWith("edge.packet_id")
        .doesNotContain("edge.packet_ix");
    assertThat(snapshot.similarTo("mine.packet_id"))
        .containsExactly("edge.packet_id", "other.packet_id");
    assertThat(snapshot.similarTo("rx_hash")).containsExactly("kernel.rx_hash");
    assertThat(snapshot.similarTo("zzz.nothing_like_it")).isEmpty();
  }

  @Test
  void similarTo_whenManyAre_givesThreeByDistanceThenName() {
    Snapshot snapshot =
        of(
            field(0, "a.ae", FieldState.ACTIVE),
            field(1, "a.ad", FieldState.ACTIVE),
            field(2, "a.ac", FieldState.ACTIVE),
            field(3, "a.ab", FieldState.ACTIVE),
            field(4, "a.a", FieldState.ACTIVE));
    assertThat(snapshot.similarTo("a.a")).containsExactly("a.a", "a.ab", "a.ac");
  }
}
