package dev.metakey.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.metakey.fleet.v1.Name;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.server.fleet.FleetMoves.Spot;
import dev.metakey.server.fleet.FleetStore.Entry;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** That values which others write are checked, and change nothing that this host goes by. */
class FleetViewTest {
  private static final FleetFacts FACTS =
      new FleetFacts(new UUID(1, 1), Layout.SLOTTED, 128, 0, 47, 1_000);
  private static final FleetMoves HOST =
      new FleetMoves(FleetKeys.of("test"), "id-1", "one", "", "1");

  private static Name name(String name, int size, int id, int slot) {
    return HOST.name(FieldSpec.of(name, size), new Spot(id, slot, 1, null), "svc", 1);
  }

  private static Entry entry(String key, Name value, long revision) {
    return new Entry("/metakey/v1/test/names/" + key, value.toByteString(), revision);
  }

  private static FleetView read(Entry... entries) {
    return FleetView.of(FACTS, List.of(entries), Map.of(), Map.of(), Set.of());
  }

  private static final FleetView KNOWN = read(entry("edge.a", name("edge.a", 4, 3, 24), 5));

  private static FleetView after(Set<String> held, Entry... entries) {
    return after(Map.of(), held, entries);
  }

  private static FleetView after(Map<Integer, String> owners, Set<String> held, Entry... entries) {
    return FleetView.of(FACTS, List.of(entries), owners, KNOWN.names(), held);
  }

  @Test
  void of_ignoresWhatIsNoSoundValue() {
    FleetView view =
        read(
            new Entry("/x/names/edge.a", ByteString.copyFrom(new byte[] {1, 2, 3}), 1),
            entry("edge.b", name("edge.c", 4, 1, 24), 2),
            entry("edge.d", name("edge.d", 4, 48, 24), 3),
            entry("edge.e", name("edge.e", 4, 1, 26), 4),
            entry("edge.f", name("edge.f", 4, 1, 132), 5),
            entry("edge.g", name("edge.g", 4, 1, 24).toBuilder().clearSpec().build(), 6),
            entry("edge.h", generation(name("edge.h", 4, 1, 24), 0), 7),
            entry("edge.i", generation(name("edge.i", 4, 1, 24), Integer.MIN_VALUE), 8),
            entry("edge.j", name("edge.j", 4, -1, 24), 9),
            entry("edge.k", name("edge.k", 4, 1, -24), 10),
            entry("edge.l", name("edge.l", 4, 1, 24).toBuilder().setRetiredAtMs(-1).build(), 11),
            entry("edge.m", name("edge.m", 4, 1, 24).toBuilder().setService("a\nb").build(), 12),
            new Entry("/x/names/edge.n", ByteString.copyFrom(new byte[1_000_000]), 13),
            entry("edge\u001b[2J", name("edge.o", 4, 1, 24), 14));

    assertThat(view.names()).isEmpty();
    assertThat(view.faults())
        .hasSize(14)
        .noneMatch(fault -> fault.chars().anyMatch(Character::isISOControl))
        .allMatch(fault -> fault.contains("is ignored: "));
  }

  @Test
  void of_believesTheOlderName_whenTwoHaveOneIdOrOverlap() {
    FleetView view =
        read(
            entry("edge.late", name("edge.late", 4, 3, 64), 9),
            entry("edge.wide", name("edge.wide", 8, 4, 24), 8),
            entry("edge.a", name("edge.a", 4, 3, 24), 5));

    assertThat(view.names().keySet()).containsExactly("edge.a");
    assertThat(view.faults()).hasSize(2);
  }

  @Test
  void of_keepsThePlaceOfALiveName_whateverTheStoreSays() {
    FleetView view = after(Set.of(), entry("edge.a", name("edge.a", 4, 9, 24), 7));

    assertThat(view.names().get("edge.a").field().id()).isEqualTo(3);
    assertThat(view.names().get("edge.a").revision()).isNegative();
    assertThat(view.faults())
        .containsExactly(
            "etcd says that edge.a has id 9 in slot 24; this host knows it with id 3 in slot 24, and keeps to that");
  }

  @Test
  void of_keepsWhatLives_whenTheStoreHasForgottenIt() {
    for (Set<String> held : List.of(Set.of("edge.a"), Set.<String>of())) {
      assertThat(after(held).names().get("edge.a").revision()).isZero();
      assertThat(after(held).faults()).hasSize(1);
    }
  }

  @Test
  void of_letsGoOfAName_whenItsIdIsAnothersNow() {
    for (Set<String> used : List.of(Set.of("edge.a"), Set.<String>of())) {
      FleetView view =
          after(
              Map.of(3, "edge.b", 9, "edge.a"),
              used,
              entry("edge.b", generation(name("edge.b", 4, 3, 64), 2), 9),
              entry("edge.a", name("edge.a", 4, 9, 32), 10));

      assertThat(view.names().get("edge.b").field().id()).isEqualTo(3);
      assertThat(view.names().get("edge.a").field().id()).isEqualTo(9);
      assertThat(view.faults()).isEmpty();
    }
  }

  @Test
  void of_keepsAName_whenAnOlderCopyHasAnEarlierOneAtItsId() {
    FleetView known = read(entry("edge.new", generation(name("edge.new", 4, 3, 24), 2), 5));
    FleetView view =
        FleetView.of(
            FACTS,
            List.of(entry("edge.old", name("edge.old", 4, 3, 24), 4)),
            Map.of(3, "edge.old"),
            known.names(),
            Set.of());

    assertThat(view.names().keySet()).containsExactly("edge.new");
    assertThat(view.outdated().get("edge.new").name()).isEqualTo("edge.old");
  }

  private static Name generation(Name name, int generation) {
    return name.toBuilder().setGeneration(generation).build();
  }

  @Test
  void of_keepsWhatLives_whenTheStoreHasNoSoundValueForIt() {
    FleetView view = after(Set.of(), entry("edge.a", name("edge.b", 4, 9, 64), 9));

    assertThat(view.names().get("edge.a").field().id()).isEqualTo(3);
    assertThat(view.names().get("edge.a").revision()).isNegative();
  }

  @Test
  void of_givesNobodyThePlaceOfWhatTheHostHolds() {
    FleetView view = after(Set.of("edge.a"), entry("evil.b", name("evil.b", 4, 3, 64), 1));

    assertThat(view.names().keySet()).containsExactly("edge.a");
    assertThat(view.faults())
        .contains("what etcd says of evil.b is ignored: its id 3 is that of edge.a");
  }

  @Test
  void of_takesOnThatAHeldNameIsRetired_soThatItIsBroughtBack() {
    Name retired = name("edge.a", 4, 3, 24).toBuilder().setRetiredAtMs(9).build();

    Named named = after(Set.of("edge.a"), entry("edge.a", retired, 9)).names().get("edge.a");

    assertThat(named.field().retired()).isTrue();
    assertThat(named.revision()).isEqualTo(9);
  }
}
