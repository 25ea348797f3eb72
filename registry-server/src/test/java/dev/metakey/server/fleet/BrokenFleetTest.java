package dev.metakey.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.metakey.fleet.v1.Facts;
import dev.metakey.fleet.v1.Host;
import dev.metakey.fleet.v1.Name;
import dev.metakey.fleet.v1.Place;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.FleetAdopt;
import dev.metakey.server.domain.FleetPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What admins and broken or hostile hosts may leave in a store, and what two hosts do about it. */
class BrokenFleetTest {
  private static final FleetKeys KEYS = FleetKeys.of("test");
  private static final ByteString GARBAGE = ByteString.copyFrom(new byte[] {1, 2, 3});
  private static final Peer ROOT = new Peer(0, 0, 1, "root").withPrivileges();

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

  private static ByteString place(String name) {
    return Place.newBuilder().setName(name).setGeneration(1).build().toByteString();
  }

  private ByteString value(String key) throws Exception {
    return store.read(List.of(key)).entries().get(key).value();
  }

  private Name name(String name) throws Exception {
    return Name.parseFrom(value(KEYS.name(name)));
  }

  private static String problems(Membership member) {
    return String.join("\n", member.problems());
  }

  @Test
  void claim_takesTheNextPlace_whenKeysAreThereWithoutAName() throws Exception {
    fleet.put(KEYS.id(0), place("edge.gone"));
    fleet.put(KEYS.id(1), GARBAGE);
    fleet.put(KEYS.slots() + "128", place("edge.gone"));

    Field field = one.register(first, "edge.a");

    assertThat(field.id()).isEqualTo(2);
    assertThat(field.slot()).isEqualTo(124);
    assertThat(two.register(second, "edge.a").slot()).isEqualTo(124);
    assertThat(first.problems())
        .containsExactly(
            "etcd has keys that belong to no name with that place: ids/00, ids/01, slots/128; nobody can have that place until they are deleted ('etcdctl del /metakey/v1/test/...')");

    for (String key : List.of(KEYS.id(0), KEYS.id(1), KEYS.slots() + "128")) {
      fleet.put(key, null);
    }
    first.connect();
    assertThat(first.problems()).isEmpty();
    assertThat(one.register(first, "edge.b").id()).isZero();
  }

  @Test
  void keysOfAPlace_arePutBackByWhoUsesTheName_whenTheyWereDeleted() throws Exception {
    one.register(first, "edge.a");
    fleet.put(KEYS.id(0), null);
    fleet.put(KEYS.slots() + "126", null);
    second.connect();
    assertThat(problems(second)).contains("lacks keys of names that it has: slots/126, ids/00");

    first.connect();
    second.connect();

    assertThat(problems(first)).isEmpty();
    assertThat(problems(second)).isEmpty();
    assertThat(value(KEYS.id(0))).isEqualTo(place("edge.a"));
  }

  @Test
  void aNameWhoseIdKeyIsAnothers_isAProblem_andStaysWhereItIs() throws Exception {
    Field field = one.register(first, "edge.a");
    fleet.put(KEYS.id(field.id()), place("edge.z"));
    first.connect();

    assertThat(problems(first)).contains("belong to no name with that place: ids/00;");
    assertThat(two.register(second, "edge.a").id()).isEqualTo(field.id());

    fleet.put(KEYS.id(field.id()), null);
    first.connect();
    assertThat(problems(first)).isEmpty();
    assertThat(value(KEYS.id(field.id()))).isEqualTo(place("edge.a"));
  }

  @Test
  void aNameWhoseKeyWasDeleted_isPutBack_withTheKeysOfItsPlace() throws Exception {
    one.register(first, "edge.a");
    second.connect();
    Name before = name("edge.a");
    fleet.put(KEYS.name("edge.a"), null);

    second.connect();

    assertThat(name("edge.a")).isEqualTo(before);
    assertThat(problems(second)).isEmpty();
  }

  @Test
  void foreignKeys_areBoundedAndCounted_howeverManyAndLargeTheyAre() throws Exception {
    one.register(first, "edge.a");
    ByteString large = ByteString.copyFrom(new byte[1_000_000]);
    for (int i = 0; i < 1_000; i++) {
      fleet.put(KEYS.names() + "junk" + i, i % 50 == 0 ? large : GARBAGE);
      fleet.put(KEYS.ids() + "junk" + i, GARBAGE);
    }
    first.connect();
    Name known = name("edge.a");
    for (int i = 0; i < 600; i++) {
      var entry = new FleetStore.Entry(KEYS.name("edge.f" + i), known.toByteString(), 1);
      first.changed(List.of(entry), 1);
    }

    assertThat(first.problems()).hasSizeLessThan(30);
    assertThat(first.problems())
        .last()
        .asString()
        .matches("and \\d+ more names in etcd that are none of the fleet's");
    assertThat(Files.size(one.file())).isLessThan(4_000);
    Field field = one.register(first, "edge.b");
    assertThat(two.register(second, "edge.b").id()).isEqualTo(field.id());
    TestHost three = new TestHost("three", directory, clock);
    Membership third = three.member(store);
    third.connect();
    assertThat(three.register(third, "edge.b").id()).isEqualTo(field.id());
  }

  @Test
  void factsThatHaveChanged_keepTheHostAway_andItGoesOnAsBefore() throws Exception {
    Field field = one.register(first, "edge.a");
    ByteString before = value(KEYS.facts());
    for (Facts.Builder each :
        List.of(
            Facts.parseFrom(before).toBuilder().setLastId(50),
            Facts.parseFrom(before).toBuilder().setArea(64),
            Facts.parseFrom(before).toBuilder().setQuarantineMs(1),
            Facts.parseFrom(before).toBuilder().setLayoutValue(2))) {
      fleet.put(KEYS.facts(), each.build().toByteString());
      first.connect();

      assertThat(problems(first)).contains("etcd has other facts of the fleet test");
      assertThat(one.fleet().lastId()).isEqualTo(47);
      assertThat(one.fleet().joined()).isFalse();
      assertThat(one.register(first, "edge.a").id()).isEqualTo(field.id());
    }
    for (ByteString each :
        List.of(
            GARBAGE,
            Facts.parseFrom(before).toBuilder().setFirstId(-5).build().toByteString(),
            Facts.parseFrom(before).toBuilder().setFleetId("?").build().toByteString(),
            Facts.parseFrom(before).toBuilder().setFormat(2).build().toByteString(),
            ByteString.copyFrom(new byte[1_000_000]))) {
      fleet.put(KEYS.facts(), each);
      assertThatThrownBy(first::connect).isInstanceOf(FleetException.class);
    }
    fleet.put(KEYS.facts(), before);
    first.connect();
    assertThat(problems(first)).isEmpty();
    assertThat(one.fleet().joined()).isTrue();
  }

  @Test
  void aHostKeyThatSomebodyElseWrote_keepsTheHostAway_untilItIsDeleted() throws Exception {
    one.register(first, "edge.a");
    String key = KEYS.host(one.registryId.toString());
    for (ByteString each :
        List.of(
            GARBAGE,
            Host.newBuilder().setName("\u001b[2J").setMachine("other").build().toByteString(),
            Host.parseFrom(value(key)).toBuilder().setStartedMs(1L << 62).build().toByteString(),
            ByteString.copyFrom(new byte[1_000_000]))) {
      fleet.put(key, each);
      first.connect();

      assertThat(first.problems()).singleElement().asString().contains("is a copy");
      assertThat(problems(first)).doesNotContain("\u001b");
      assertThat(one.fleet().joined()).isFalse();
      assertThat(one.register(first, "edge.a").id()).isZero();
      assertThat(new FleetVerbs(store, second).hosts().toString()).doesNotContain("\u001b");
    }
    fleet.put(key, null);
    first.connect();
    assertThat(problems(first)).isEmpty();
    assertThat(one.fleet().joined()).isTrue();
  }

  @Test
  void aNameWhosePlaceWasTakenWhileTheHostWasAway_isDivergent_andAdoptGetsItOut() throws Exception {
    one.register(first, "edge.a");
    second.connect();
    clock.addAndGet(61_000);
    one.free(first, "edge.a"); // nobody holds it, as far as the fleet knows
    second.disconnected();
    second = two.member(store);
    Field away = two.register(null, FieldSpec.of("edge.a", 4)); // by what it knows
    clock.addAndGet(2 * TestHost.DAY_MS);
    takeThePlaceOf("edge.a");

    second.connect();

    assertThat(two.snapshot().byName("edge.a").id()).isEqualTo(away.id());
    assertThat(two.fleet().live("edge.b").id()).isEqualTo(away.id());
    assertThat(FleetPlan.of(two.snapshot(), two.fleet()))
        .singleElement()
        .extracting(FleetPlanLine::verdict)
        .asString()
        .startsWith("in the fleet its id 0 is that of edge.b; 'metakey fleet adopt edge.a'");
    assertThatThrownBy(() -> two.register(second, "edge.b"))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ID_TAKEN));

    assertThat(second.claim(FieldSpec.of("edge.a", 4), "edge")).isTrue(); // as 'fleet adopt' does
    Field moved = two.submit(new FleetAdopt("edge.a"), ROOT);
    second.reconcile();
    assertThat(moved.id()).isEqualTo(two.fleet().live("edge.a").id()).isNotEqualTo(away.id());
    assertThat(two.register(second, "edge.b").id()).isEqualTo(away.id());
    assertThat(FleetPlan.divergences(two.snapshot(), two.fleet())).isEmpty();
    assertThat(problems(second)).isEmpty();
    assertThat(one.register(first, "edge.a").id()).isEqualTo(moved.id());
  }

  /** As a host does that finds no other place. */
  private void takeThePlaceOf(String retired) throws Exception {
    Named old = Named.of(name(retired), revision(KEYS.name(retired)));
    FleetMoves moves = first.moves();
    var spot = new FleetMoves.Spot(old.field().id(), old.field().slot(), 2, old);
    Name taken = moves.name(FieldSpec.of("edge.b", 4), spot, "edge", clock.get());
    long host = revision(KEYS.host(one.registryId.toString()));
    assertThat(store.commit(moves.claim(host, revision(KEYS.facts()), taken, old, clock.get())))
        .isTrue();
    first.connect();
    one.register(first, "edge.b");
  }

  private long revision(String key) throws Exception {
    return store.read(List.of(key)).entries().get(key).revision();
  }

  @Test
  void forget_refusesThisHost_andRetiresWhatNobodyElseHolds() throws Exception {
    one.register(first, "edge.a");
    one.register(first, "edge.both");
    two.register(second, "edge.both");
    FleetVerbs verbs = new FleetVerbs(store, second);

    assertThatThrownBy(() -> verbs.forget("two"))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_REQUEST))
        .hasMessageContaining("'two' is this host");
    assertThat(verbs.forget("one")).isEqualTo(1);
    assertThat(two.fleet().fields().get("edge.a").retired()).isTrue();
    assertThat(two.fleet().fields().get("edge.both").retired()).isFalse();

    TestHost twin = new TestHost("two", directory.resolve("twin"), clock);
    Files.createDirectory(twin.directory);
    twin.member(store).connect();
    assertThat(new FleetVerbs(store, first).forget("two")).isEqualTo(2);
    assertThat(store.count(KEYS.hosts())).isEqualTo(2);
  }

  @Test
  void aClaimWithoutAField_isGivenBack_alsoWhenTheClockJumps() throws Exception {
    first.claim(FieldSpec.of("edge.a", 4), "edge");
    clock.addAndGet(-TestHost.DAY_MS);
    first.connect(); // leaves
    first.connect(); // sees that

    assertThat(one.fleet().fields().get("edge.a").retired()).isTrue();
  }

  @Test
  void aNameThatIsReleasedSoon_isLeftAtOnce() throws Exception {
    one.register(first, "edge.a");
    one.free(first, "edge.a");
    first.connect();

    assertThat(one.fleet().fields().get("edge.a").retired()).isTrue();
  }
}
