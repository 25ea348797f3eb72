package dev.metakey.server.fleet;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.metakey.fleet.v1.Name;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetEventKind;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.FleetPlan;
import dev.metakey.server.domain.Prefixes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hosts with real registries, on a store in memory. */
class MembershipTest {
  private static final FleetKeys KEYS = FleetKeys.of("test");

  @TempDir private Path directory;
  private final AtomicLong clock = new AtomicLong(1_000_000);
  private final MemoryFleet fleet = new MemoryFleet();
  private final FleetStore store = fleet.connect();
  private TestHost one;
  private TestHost two;
  private Membership first;
  private Membership second;

  @BeforeEach
  void twoHosts() throws Exception {
    one = new TestHost("one", directory, clock);
    two = new TestHost("two", directory, clock);
    first = one.member(store);
    second = two.member(store);
    first.connect();
    second.connect();
  }

  private List<String> keys(String below) throws Exception {
    String prefix = KEYS.prefix() + below;
    return store.read(List.of(prefix)).entries().keySet().stream()
        .map(key -> key.substring(prefix.length()))
        .toList();
  }

  private void readAgain(Membership member) throws Exception {
    member.connect();
  }

  @Test
  void register_givesANameOneIdAndSlot_onEveryHost() throws Exception {
    one.register(first, "edge.other");
    Field here = one.register(first, "edge.a");
    two.register(second, "edge.b");
    Field there = two.register(second, "edge.a");

    assertThat(there.id()).isEqualTo(here.id());
    assertThat(there.slot()).isEqualTo(here.slot());
    assertThat(keys("holds/edge.a/"))
        .containsExactlyInAnyOrder(one.registryId.toString(), two.registryId.toString());
  }

  @Test
  void register_leavesTheFleetsIdsAlone_forANameThatIsNotItsOwn() throws Exception {
    assertThat(one.register(first, "local.a").id()).isGreaterThan(47);
    assertThat(keys("names/")).isEmpty();
  }

  @Test
  void register_isRefused_whenAnotherServiceHasTheNameOnAnotherHost() throws Exception {
    one.register(first, "edge.a");
    second.claim(FieldSpec.of("edge.a", 4), "other");

    assertThat(two.fleet().live("edge.a").service()).isEqualTo("edge");
    assertThatThrownBy(() -> two.register(second, FieldSpec.of("edge.a", 8)))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.MISMATCH));
  }

  @Test
  void away_knownNamesAreAnswered_andNewOnesWait() throws Exception {
    Field known = one.register(first, "edge.a");
    readAgain(second);
    fleet.setAway(true);
    second.disconnected();

    assertThat(two.register(second, "edge.a").id()).isEqualTo(known.id());
    assertThatThrownBy(() -> two.register(second, "edge.new"))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.FLEET_AWAY));

    fleet.setAway(false);
    readAgain(second);
    assertThat(keys("holds/edge.a/")).hasSize(2);
    assertThat(two.register(second, "edge.new").id()).isNotEqualTo(known.id());
  }

  @Test
  void recall_givesTheFleetsIds_beforeEtcdIsAsked() throws Exception {
    Field known = one.register(first, "edge.a");
    readAgain(second);

    Membership restarted = two.member(store);

    assertThat(two.fleet().joined()).isTrue();
    assertThat(two.register(restarted, "edge.a").id()).isEqualTo(known.id());
  }

  @Test
  void recall_reportsADamagedFile_andConnectMendsIt() throws Exception {
    one.register(first, "edge.a");
    String text = Files.readString(one.file(), ISO_8859_1);
    Files.writeString(one.file(), text.replace("edge.a", "edge.x"), ISO_8859_1);

    Membership restarted = one.member(store);

    assertThat(restarted.problems()).hasSize(1).first().asString().contains("is damaged");
    restarted.connect();
    assertThat(restarted.problems()).isEmpty();
    assertThat(Files.readString(one.file(), ISO_8859_1)).contains("edge.a");
  }

  @Test
  void leave_retiresAName_whenNoHostHoldsIt() throws Exception {
    one.register(first, "edge.a");
    two.register(second, "edge.a");
    clock.addAndGet(61_000);
    one.free(first, "edge.a");
    readAgain(second);
    assertThat(two.fleet().live("edge.a")).isNotNull();

    two.free(second, "edge.a");
    readAgain(second);
    assertThat(keys("holds/")).isEmpty();
    assertThat(two.fleet().fields().get("edge.a").retired()).isTrue();

    Field again = two.register(second, "edge.a");
    assertThat(again.id()).isZero();
    assertThat(two.fleet().live("edge.a")).isNotNull();
  }

  @Test
  void connect_offersAgain_whatAnOlderCopyOfTheStoreDoesNotHave() throws Exception {
    Field here = one.register(first, "edge.a");
    for (String key : List.copyOf(keys(""))) {
      fleet.put(KEYS.prefix() + key, null);
    }

    readAgain(first);
    readAgain(second);

    assertThat(two.register(second, "edge.a").id()).isEqualTo(here.id());
    assertThat(keys("names/")).containsExactly("edge.a");
    assertThat(keys("holds/edge.a/")).hasSize(2);
    assertThat(first.problems()).isEmpty();
  }

  @Test
  void connect_offersAgain_whatAnotherHostHoldsThatIsCutOff() throws Exception {
    Field there = one.register(first, "edge.a");
    readAgain(second);
    for (String key : keys("")) {
      if (!key.equals("facts") && !key.startsWith("hosts/")) {
        fleet.put(KEYS.prefix() + key, null);
      }
    }

    readAgain(second);

    assertThat(two.register(second, "edge.b").id()).isNotEqualTo(there.id());
    assertThat(keys("names/")).containsExactly("edge.a", "edge.b");
    assertThat(keys("holds/edge.a/")).isEmpty();
    readAgain(first);
    assertThat(keys("holds/edge.a/")).hasSize(1);
    assertThat(first.current().names().get("edge.a").field().retired()).isFalse();
    assertThat(first.problems()).isEmpty();
    assertThat(second.problems()).isEmpty();
  }

  @Test
  void connect_keepsItsId_whenTheStoreSaysAnother() throws Exception {
    Field here = one.register(first, "edge.a");
    Name wrong = first.current().names().get("edge.a").value().toBuilder().setId(9).build();
    fleet.put(KEYS.name("edge.a"), wrong.toByteString());

    readAgain(first);

    assertThat(one.register(first, "edge.a").id()).isEqualTo(here.id());
    assertThat(one.fleet().live("edge.a").id()).isEqualTo(here.id());
    assertThat(first.problems()).hasSize(1).first().asString().contains("keeps to that");
  }

  @Test
  void connect_doesNotJoin_whenTheHostHasNamesOfItsOwn() throws Exception {
    TestHost three = new TestHost("three", directory, clock);
    one.register(first, "edge.a");
    two.register(second, "edge.b");
    three.engine.take(two.fleet());
    Field taken = three.register(null, "edge.b");
    three.engine.take(Fleet.NONE);
    Field own = three.register(null, "edge.own");
    Membership third = three.member(store);
    third.connect();

    assertThat(three.fleet().joined()).isFalse();
    assertThat(keys("hosts/")).hasSize(2);
    assertThat(FleetPlan.of(three.snapshot(), three.fleet()))
        .extracting(FleetPlanLine::verdict)
        .containsExactly(
            "in the fleet its id 0 is that of edge.a; 'metakey fleet adopt edge.own' has the fleet give it another place and moves it there, or release it ('metakey release edge.own --now')",
            "agrees");
    third.join();

    assertThat(three.fleet().joined()).isTrue();
    assertThat(keys("holds/edge.b/")).contains(three.registryId.toString());
    assertThat(keys("names/")).containsExactly("edge.a", "edge.b");
    assertThat(three.snapshot().byName("edge.own").id()).isEqualTo(own.id());
    assertThat(three.snapshot().byName("edge.b").id()).isEqualTo(taken.id());
  }

  @Test
  void join_claimsWhatIsFree_atTheIdThatItHasHere() throws Exception {
    TestHost three = new TestHost("three", directory, clock);
    three.register(null, "edge.x");
    Field own = three.register(null, "edge.own");
    Membership third = three.member(store);
    third.connect();
    third.join();
    readAgain(first);

    assertThat(one.register(first, "edge.own").id()).isEqualTo(own.id());
    assertThat(one.snapshot().byName("edge.own").slot()).isEqualTo(own.slot());
  }

  @Test
  void connect_changesNothing_whenAnotherMachineHasItsRegistryId() throws Exception {
    TestHost copy = new TestHost("copy", one.registryId, directory, clock, 128);
    Membership clone = copy.member(store);
    clone.connect();

    assertThat(copy.fleet().joined()).isFalse();
    assertThat(clone.problems()).hasSize(1).first().asString().contains("another machine");
    assertThat(keys("hosts/")).hasSize(2);
  }

  @Test
  void connect_doesNotJoin_whenTheAreaDiffers() throws Exception {
    TestHost wide = new TestHost("wide", UUID.randomUUID(), directory, clock, 64);
    Membership third = wide.member(store);
    third.connect();

    assertThat(wide.fleet().joined()).isFalse();
    assertThat(third.problems())
        .containsExactly(
            "this host has layout slotted with area 64, and the fleet test has layout slotted with area 128; it stays away from the fleet until they are the same");
  }

  @Test
  void connect_movesItsHolds_whenItsRegistryHasAnotherId() throws Exception {
    Field here = one.register(first, "edge.a");
    TestHost restored = new TestHost("one", directory, clock);
    restored.engine.take(one.fleet());
    Field there = restored.register(null, here.spec());
    Membership member = restored.member(store);
    assertThat(there.id()).isEqualTo(here.id());
    assertThat(restored.fleet().joined()).isFalse();
    member.connect();

    assertThat(restored.fleet().joined()).isTrue();
    assertThat(keys("hosts/"))
        .containsExactlyInAnyOrder(restored.registryId.toString(), two.registryId.toString());
    assertThat(keys("holds/edge.a/")).containsExactly(restored.registryId.toString());
  }

  @Test
  void connect_isThereAgain_afterSomebodyHasForgottenIt() throws Exception {
    one.register(first, "edge.a");
    assertThat(new FleetVerbs(store, second).forget("one")).isEqualTo(1);
    assertThat(keys("hosts/")).hasSize(1);
    assertThat(two.fleet().fields().get("edge.a").retired()).isTrue();

    readAgain(first);

    assertThat(keys("hosts/")).hasSize(2);
    assertThat(keys("holds/edge.a/")).containsExactly(one.registryId.toString());
  }

  @Test
  void claim_isRefused_whenTheServiceHasItsQuota() throws Exception {
    for (int i = 0; i < TestHost.settings().serviceNames(); i++) {
      one.register(first, FieldSpec.of("edge.f" + i, 2));
    }
    assertThatThrownBy(() -> one.register(first, "edge.more"))
        .isInstanceOfSatisfying(
            MetakeyException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.QUOTA_EXCEEDED);
              assertThat(e.text()).contains("edge has claimed 16 names", "'names_per_service'");
              assertThat(e.facts()).containsEntry("limit", "16").containsEntry("used", "16");
            });
  }

  @Test
  void claim_goesByTheHostsQuota_andNamesWhoseQuarantineIsOverDoNotCount() throws Exception {
    for (long quarantineMs : new long[] {TestHost.DAY_MS, 0}) {
      TestHost host = new TestHost("with" + quarantineMs, directory, clock);
      FleetSettings settings =
          new FleetSettings(
              "fleet" + quarantineMs,
              new Prefixes(false, List.of("edge.")),
              0,
              47,
              false,
              quarantineMs,
              2,
              16);
      Membership member = host.member(store, settings);
      member.connect();
      host.register(member, "edge.a");
      host.register(member, "edge.b");
      assertThatThrownBy(() -> host.register(member, "edge.c"))
          .hasMessageContaining("this host has claimed 2 names")
          .hasMessageContaining("'names_per_host'");

      clock.addAndGet(60_000); // a new name need not have a field for so long
      host.free(member, "edge.a");
      readAgain(member);

      assertThat(member.quota()).isEqualTo(new FleetStatus.Quota(quarantineMs == 0 ? 1 : 2, 2, 16));
      if (quarantineMs == 0) {
        assertThat(host.register(member, "edge.c").name()).isEqualTo("edge.c");
      } else {
        assertThatThrownBy(() -> host.register(member, "edge.c")).hasMessageContaining("2 names");
      }
    }
  }

  @Test
  void news_areToldOnce_alsoOfWhatHappenedWhileTheDaemonWasDown() throws Exception {
    assertThat(two.news).extracting(FleetNews::kind).containsExactly(FleetEventKind.FLEET_JOINED);
    one.register(first, "edge.a");
    two.news.clear();

    Membership again = two.member(store);
    again.connect();
    again.connect();

    assertThat(two.news)
        .extracting(FleetNews::kind, FleetNews::name, FleetNews::host)
        .containsExactly(tuple(FleetEventKind.FLEET_PLACED, "edge.a", "one"));
  }

  @Test
  void claim_isRefused_whenNoSlotIsLeft() throws Exception {
    for (int i = 0; i < 14; i++) {
      one.register(first, FieldSpec.of("edge.f" + i, 8));
    }
    assertThatThrownBy(() -> first.claim(FieldSpec.of("edge.more", 8), "more"))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.NO_FREE_SLOT));
  }

  @Test
  void export_isJsonOfAllKeys() throws Exception {
    one.register(first, "edge.a");

    assertThat(new FleetVerbs(store, first).export())
        .contains("\"names/edge.a\": {\"spec\":{\"name\":\"edge.a\",\"size\":4")
        .contains("\"ids/00\": {\"name\":\"edge.a\",\"generation\":1}");
  }

  @Test
  void aCopyWithTheSameIds_isNoticedByTheDaemonThatWasStartedFirst() throws Exception {
    one.register(first, "edge.a");
    clock.addAndGet(1_000);
    TestHost copy = new TestHost("copy", one.registryId, directory, clock, 128);
    copy.machine = one.machine;
    Membership other = copy.member(store);
    other.connect();
    other.join();
    readAgain(first);

    assertThat(other.problems()).isEmpty();
    assertThat(first.problems()).singleElement().asString().contains("on host 'copy'", "is a copy");
    assertThat(one.fleet().joined()).isFalse();

    clock.addAndGet(1_000);
    Membership restarted = one.member(store);
    restarted.connect();
    readAgain(other);
    assertThat(restarted.problems()).isEmpty();
    assertThat(other.problems()).singleElement().asString().contains("on host 'one'", "is a copy");
  }

  @Test
  void aDaemonThatIsRestarted_isNoCopy_alsoWithAnEarlierClockOrAnOlderEtcd() throws Exception {
    String key = KEYS.host(one.registryId.toString());
    var before = store.read(List.of(key)).entries().get(key).value();
    clock.addAndGet(-500_000);
    Membership restarted = one.member(store);
    restarted.connect();
    readAgain(restarted);
    assertThat(restarted.problems()).isEmpty();

    fleet.put(key, before);
    readAgain(restarted);
    fleet.put(key, null);
    readAgain(restarted);
    assertThat(restarted.problems()).isEmpty();
    assertThat(restarted.hosts()).isEqualTo(2);
  }

  @Test
  void aClaimThatGotNoField_isLookedAtWhenItsTimeIsOver() throws Exception {
    FleetAgent agent = new FleetAgent(store, one.member(store));
    agent.turn(); // connects
    assertThat(agent.restMs()).isGreaterThan(Membership.CLAIMED_MS);
    var unused = agent.claim(List.of(FieldSpec.of("edge.new", 4)), "edge");
    agent.turn();

    assertThat(agent.restMs()).isLessThanOrEqualTo(Membership.CLAIMED_MS);
  }

  @Test
  void aCallerWhoNeedsTheFleet_hasItAskedAgainSoon() throws Exception {
    FleetAgent agent = new FleetAgent(store, one.member(store));
    do {
      agent.work(
          () -> {
            throw new FleetException("away");
          });
    } while (agent.restMs() < 10_000);
    var unused = agent.claim(List.of(FieldSpec.of("edge.new", 4)), "edge");
    agent.turn();

    assertThat(agent.restMs()).isLessThanOrEqualTo(1_500);
    assertThat(agent.claims()).containsEntry("away", 1L).containsEntry("granted", 0L);
  }
}
