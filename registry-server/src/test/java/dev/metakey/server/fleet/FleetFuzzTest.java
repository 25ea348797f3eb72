package dev.metakey.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.server.domain.FleetAdopt;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.domain.FleetPlan;
import dev.metakey.server.domain.Prefixes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Hosts of one fleet, to which anything may happen between two transactions: a crash, a lost
 * answer, a store that is away, news that come late. The fleet has few ids, so that names take each
 * other's places. {@code -Dmetakey.fleetSeeds=N} has it run longer.
 */
class FleetFuzzTest {
  private static final int SEEDS = Integer.getInteger("metakey.fleetSeeds", 12);
  private static final int STEPS = 150;
  private static final Peer ROOT = new Peer(0, 0, 1, "root").withPrivileges();
  private static final FleetSettings SETTINGS =
      new FleetSettings(
          "test", new Prefixes(false, List.of("edge.")), 0, 4, false, TestHost.DAY_MS, 64, 64);

  @TempDir private Path directory;
  private final AtomicLong clock = new AtomicLong(1_000_000_000);
  private MemoryFleet fleet;
  private Random random;
  private boolean faulty;
  private int begunAnew;
  private MemoryFleet.Copy copy;
  private List<Node> nodes;
  private List<String> story;

  /** What may happen, each beside what the ones before may. */
  private enum Kind {
    CALM,
    /** Hosts do without the store for longer than the quarantine. */
    LONG_AWAY,
    /** Older copies of the store are put back. */
    RESTORED
  }

  private record Place(int id, int slot) {}

  /** The host's daemon is killed. */
  private static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private interface Work {
    void run() throws FleetException;
  }

  /** A way to the store on which calls and answers are lost. */
  private final class Way implements FleetStore {
    private final FleetStore store = fleet.connect();
    boolean cut;

    private void pass() throws FleetException {
      if (cut) {
        throw new FleetException("cut off");
      }
      if (faulty && random.nextInt(25) == 0) {
        if (random.nextInt(3) == 0) {
          throw new Crash();
        }
        throw new FleetException("lost");
      }
    }

    @Override
    public Read read(Collection<String> keys) throws FleetException {
      pass();
      return store.read(keys);
    }

    @Override
    public long count(String keys) throws FleetException {
      return store.count(keys);
    }

    @Override
    public boolean commit(Txn txn) throws FleetException {
      pass();
      boolean done = store.commit(txn);
      pass();
      return done;
    }

    @Override
    public Watch watch(String keys, long afterRevision, Listener listener) {
      return store.watch(keys, afterRevision, listener);
    }

    @Override
    public void close() {
      store.close();
    }
  }

  private final class Node implements FleetStore.Listener {
    final TestHost host;
    final Way way = new Way();
    final Map<String, Place> answered = new TreeMap<>();
    final Deque<Work> news = new ArrayDeque<>();
    Membership member;

    Node(String name) throws Exception {
      Path own = Files.createTempDirectory(directory, name);
      host = new TestHost(name, UUID.randomUUID(), own, clock, 56);
      member = host.member(way, SETTINGS);
    }

    @Override
    public void changed(List<FleetStore.Entry> entries, long revision) {
      news.add(() -> member.changed(entries, revision));
    }

    @Override
    public void ended(String why) {
      news.add(this::connect);
    }

    void connect() {
      attempt(
          () -> {
            news.clear();
            member.connect();
            way.watch(member.keys().names(), member.revision(), this);
          });
    }

    /** As a daemon's thread does. */
    void attempt(Work work) {
      try {
        work.run();
      } catch (FleetException e) {
        member.disconnected();
      } catch (Crash e) {
        news.clear();
        member = host.member(way, SETTINGS);
      } catch (MetakeyException refused) {
        // an answer like others
      }
    }

    void hear() {
      Work next = news.poll();
      if (next != null && member.isConnected()) {
        attempt(next);
      }
    }

    void register(String name) {
      FieldSpec spec = FieldSpec.of(name, 4);
      if (member.isConnected() && host.snapshot().byName(name) == null) {
        attempt(() -> member.claim(spec, "edge"));
      }
      if (way.cut) {
        member.disconnected(); // as it would notice by itself
      }
      attempt(() -> note(host.register(null, spec)));
      settle();
    }

    private void note(Field field) {
      answered.put(field.name(), new Place(field.id(), field.slot()));
    }

    void free(String name) {
      if (host.snapshot().byName(name) != null) {
        attempt(() -> host.free(null, name));
        answered.remove(name);
        settle();
      }
    }

    private void settle() {
      if (member.isConnected() && random.nextInt(4) != 0) {
        attempt(member::reconcile);
      }
    }

    void adopt() {
      for (FleetPlanLine line : FleetPlan.of(host.snapshot(), host.fleet())) {
        FieldSpec spec = host.snapshot().byName(line.name()).spec();
        if (!line.agrees() && member.isConnected()) {
          attempt(
              () -> {
                boolean unused = member.claim(spec, "edge");
                note(host.submit(new FleetAdopt(line.name()), ROOT));
              });
          settle();
        }
      }
    }

    /** What it has where the fleet has it, as far as it knows. */
    Map<String, Place> agreed() {
      Map<String, Place> agreed = new TreeMap<>();
      for (Field field : FleetPlan.own(host.snapshot(), SETTINGS.prefixes())) {
        FleetField known = host.fleet().live(field.name());
        if (known != null && known.isPlaceOf(field)) {
          agreed.put(field.name(), new Place(field.id(), field.slot()));
        }
      }
      return agreed;
    }

    /** What docs/fleet.md has an admin do where a host keeps to a name that nobody uses. */
    void beginAnew() throws Exception {
      if (!member.problems().isEmpty()) {
        begunAnew++;
        Files.delete(host.file());
        member = host.member(way, SETTINGS);
        connect();
        attempt(member::join);
      }
    }

    void requireNothingLost() {
      answered.forEach(
          (name, place) -> {
            Field field = host.snapshot().byName(name);
            assertThat(field).as("%s on %s: %s", name, host.name, story).isNotNull();
            assertThat(new Place(field.id(), field.slot()))
                .as("%s on %s: %s", name, host.name, story)
                .isEqualTo(place);
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void hostsAgree_whateverHappensBetweenTwoTransactions(Kind kind) throws Exception {
    for (int seed = 1; seed <= SEEDS; seed++) {
      begin(seed);
      for (int step = 0; step < STEPS; step++) {
        step(kind);
        nodes.forEach(Node::requireNothingLost);
        if (kind == Kind.CALM) {
          requireAgreement();
        }
      }
      quiet();
      if (kind == Kind.RESTORED) {
        for (Node node : nodes) {
          node.beginAnew();
        }
        quiet();
      }
      requireAgreement();
      requireOneView();
    }
    assertThat(begunAnew).isLessThan(SEEDS);
  }

  private void begin(int seed) throws Exception {
    fleet = new MemoryFleet();
    random = new Random(seed);
    faulty = false;
    copy = null;
    story = new ArrayList<>(List.of("seed " + seed));
    nodes = new ArrayList<>();
    for (int i = 0; i < 3 + seed % 3; i++) {
      nodes.add(new Node("h" + i));
      nodes.get(i).connect();
    }
    faulty = true;
  }

  private void step(Kind kind) {
    Node node = nodes.get(random.nextInt(nodes.size()));
    String name = "edge.n" + random.nextInt(8);
    int what = random.nextInt(100);
    story.add("%s %s %d".formatted(node.host.name, name, what));
    if (what < 30) {
      node.register(name);
    } else if (what < 48) {
      node.free(name);
    } else if (what < 60) {
      node.connect();
    } else if (what < 84) {
      node.hear();
    } else if (what < 88) {
      node.adopt();
    } else if (what < 91) {
      clock.addAndGet(random.nextInt(120_000));
    } else if (what < 92) {
      fleet.setAway(random.nextBoolean());
    } else if (what < 94) {
      node.way.cut = kind != Kind.CALM && !node.way.cut;
    } else if (what < 96) {
      if (kind == Kind.CALM) {
        quiet();
        faulty = true;
      }
      clock.addAndGet(2 * TestHost.DAY_MS);
    } else if (what < 98 || copy == null || kind != Kind.RESTORED) {
      copy = fleet.copy();
    } else {
      fleet.restore(copy);
    }
  }

  /** Nothing happens any more, and each host is asked again and again. */
  private void quiet() {
    faulty = false;
    fleet.setAway(false);
    nodes.forEach(node -> node.way.cut = false);
    for (int i = 0; i < 4; i++) {
      nodes.forEach(Node::connect);
      nodes.forEach(Node::adopt);
    }
    nodes.forEach(Node::connect);
  }

  /** One name has one place, and one place has one name, on all hosts that go by the fleet. */
  private void requireAgreement() {
    Map<String, Place> places = new HashMap<>();
    Map<Integer, String> names = new HashMap<>();
    for (Node node : nodes) {
      node.agreed()
          .forEach(
              (name, place) -> {
                Place before = places.putIfAbsent(name, place);
                assertThat(before == null || before.equals(place))
                    .as("%s is at %s and %s: %s", name, before, place, story)
                    .isTrue();
                String other = names.putIfAbsent(place.id(), name);
                assertThat(other == null || other.equals(name))
                    .as("%d is %s and %s: %s", place.id(), other, name, story)
                    .isTrue();
              });
    }
  }

  private void requireOneView() {
    Map<String, Place> first = view(nodes.get(0));
    for (Node node : nodes) {
      assertThat(view(node)).as("%s: %s", node.host.name, story).isEqualTo(first);
      assertThat(node.member.problems()).as("%s: %s", node.host.name, story).isEmpty();
      for (Field field : FleetPlan.own(node.host.snapshot(), SETTINGS.prefixes())) {
        assertThat(field.is(FieldState.ACTIVE)).isTrue();
      }
    }
  }

  private static Map<String, Place> view(Node node) {
    Map<String, Place> places = new TreeMap<>();
    node.host
        .fleet()
        .fields()
        .forEach((name, field) -> places.put(name, new Place(field.id(), field.slot())));
    return places;
  }
}
