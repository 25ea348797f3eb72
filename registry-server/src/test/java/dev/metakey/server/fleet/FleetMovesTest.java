package dev.metakey.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.server.fleet.FleetMoves.Spot;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What hosts do to a fleet, by the store in memory. */
class FleetMovesTest {
  private static final FleetKeys KEYS = FleetKeys.of("test");
  private static final FleetFacts FACTS =
      new FleetFacts(new UUID(1, 1), Layout.SLOTTED, 40, 0, 2, 1_000);
  private static final BitSet NONE = new BitSet();

  private final MemoryFleet fleet = new MemoryFleet();
  private final FleetStore store = fleet.connect();
  private final FleetMoves one = new FleetMoves(KEYS, "id-1", "one", "", "1");
  private final FleetMoves two = new FleetMoves(KEYS, "id-2", "two", "", "1");

  @BeforeEach
  void create() throws Exception {
    assertThat(store.commit(one.create(FACTS))).isTrue();
    assertThat(store.commit(two.create(FACTS))).isFalse();
    store.commit(one.enter(0, 1, 1));
    store.commit(two.enter(0, 1, 1));
  }

  private FleetView view() throws Exception {
    return FleetView.of(
        FACTS, store.read(List.of(KEYS.names())).entries().values(), Map.of(), Map.of(), Set.of());
  }

  private long revision(String key) throws Exception {
    FleetStore.Entry entry = store.read(List.of(key)).entries().get(key);
    return entry == null ? 0 : entry.revision();
  }

  private Txn claim(FleetMoves host, FieldSpec spec, Spot spot, long nowMs) throws Exception {
    return host.claim(
        revision(KEYS.host(host.registryId())),
        revision(KEYS.facts()),
        host.name(spec, spot, "svc", nowMs),
        spot.replaced(),
        nowMs);
  }

  private boolean claim(FleetMoves host, FieldSpec spec, long nowMs) throws Exception {
    Spot spot = FleetMoves.spot(view(), spec, NONE, NONE, name -> true);
    return store.commit(claim(host, spec, spot, nowMs));
  }

  private boolean hold(FleetMoves host, Named named) throws Exception {
    return store.commit(host.hold(revision(KEYS.host(host.registryId())), List.of(named), 1));
  }

  private boolean leave(FleetMoves host, String name, long nowMs) throws Exception {
    store.commit(host.leave(name));
    return store.commit(host.retire(view().names().get(name), nowMs));
  }

  @Test
  void claim_givesOneAnswer_whenTwoHostsClaimTheNameAtOnce() throws Exception {
    FieldSpec spec = FieldSpec.of("edge.a", 4);
    Spot spot = FleetMoves.spot(view(), spec, NONE, NONE, name -> false);
    Txn first = claim(one, spec, spot, 1);
    Txn second = claim(two, spec, spot, 1);

    assertThat(store.commit(first)).isTrue();
    assertThat(store.commit(second)).isFalse();
    assertThat(view().names().get("edge.a").value().getHost()).isEqualTo("one");
  }

  @Test
  void claim_givesAnIdOnce_whenTwoHostsClaimTwoNamesAtOnce() throws Exception {
    Spot spot = FleetMoves.spot(view(), FieldSpec.of("edge.a", 4), NONE, NONE, name -> false);
    Txn first = claim(one, FieldSpec.of("edge.a", 4), spot, 1);
    Txn sameId = claim(two, FieldSpec.of("edge.b", 4), new Spot(spot.id(), 20, 1, null), 1);
    Txn sameBytes = claim(two, FieldSpec.of("edge.b", 8), new Spot(1, 40, 1, null), 1);

    assertThat(store.commit(first)).isTrue();
    assertThat(spot.slot()).isEqualTo(40);
    assertThat(store.commit(sameId)).isFalse();
    assertThat(store.commit(sameBytes)).isFalse();
    assertThat(view().names().keySet()).containsExactly("edge.a");
  }

  @Test
  void claim_changesNothing_whenTheHostWasForgotten() throws Exception {
    FieldSpec spec = FieldSpec.of("edge.a", 4);
    Txn claim = claim(one, spec, FleetMoves.spot(view(), spec, NONE, NONE, name -> false), 1);
    store.commit(two.forget("id-1", List.of()));

    assertThat(store.commit(claim)).isFalse();
  }

  @Test
  void spot_leavesOutWhatTheHostUses() throws Exception {
    BitSet ids = new BitSet();
    ids.set(0);
    BitSet bytes = new BitSet();
    bytes.set(33, 41);

    assertThat(FleetMoves.spot(view(), FieldSpec.of("edge.a", 8), ids, bytes, name -> false))
        .isEqualTo(new Spot(1, 32, 1, null));
  }

  @Test
  void retire_changesNothing_whileAHostHoldsTheName() throws Exception {
    claim(one, FieldSpec.of("edge.a", 4), 1);
    hold(two, view().names().get("edge.a"));

    assertThat(leave(one, "edge.a", 5)).isFalse();
    assertThat(leave(two, "edge.a", 6)).isTrue();
    assertThat(view().names().get("edge.a").field().retired()).isTrue();
  }

  @Test
  void hold_bringsARetiredNameBack() throws Exception {
    claim(one, FieldSpec.of("edge.a", 4), 1);
    leave(one, "edge.a", 5);

    assertThat(hold(two, view().names().get("edge.a"))).isTrue();
    assertThat(view().names().get("edge.a").field().retired()).isFalse();
  }

  @Test
  void claim_takesTheOldestRetiredPlace_whenNoneIsFreeAndItsQuarantineIsOver() throws Exception {
    for (String name : List.of("edge.a", "edge.b", "edge.c")) {
      claim(one, FieldSpec.of(name, 8), 1);
    }
    leave(one, "edge.b", 10);
    FieldSpec spec = FieldSpec.of("edge.d", 4);

    assertThat(FleetMoves.spot(view(), spec, NONE, NONE, name -> false)).isNull();
    Txn late = claim(two, spec, FleetMoves.spot(view(), spec, NONE, NONE, name -> true), 1_010);
    hold(one, view().names().get("edge.b"));
    assertThat(store.commit(late)).as("it is held again").isFalse();

    leave(one, "edge.b", 2_000);
    assertThat(claim(two, spec, 3_000)).isTrue();
    assertThat(view().names().keySet()).containsExactlyInAnyOrder("edge.a", "edge.c", "edge.d");
    Named taken = view().names().get("edge.d");
    assertThat(taken.field().id()).isEqualTo(1);
    assertThat(taken.field().generation()).isEqualTo(2);
    assertThat(store.read(List.of(KEYS.prefix() + "slots/")).entries()).hasSize(10);
  }
}
