package dev.metakey.bench;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.model.Peer;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Prefixes;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.HostClock;
import dev.metakey.server.engine.Retention;
import dev.metakey.server.fleet.EtcdAccess;
import dev.metakey.server.fleet.FleetAgent;
import dev.metakey.server.fleet.FleetSettings;
import dev.metakey.server.fleet.ThisHost;
import dev.metakey.server.storage.MemoryStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;

/**
 * Many hosts of one fleet in one process, with the registry and the agent of a daemon each, and a
 * store in memory. All start at once, and register the same names and some of their own.
 */
final class FleetHosts implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger("dev.metakey.server");

  private static final int FLEETS_NAMES = 40;
  private static final int NAMES_OF_A_SERVICE = 8;
  private static final int OWN_NAMES = 5;
  private static final long DAY_MS = 86_400_000;
  private static final Peer SERVICE = new Peer(1000, 1000, 7, "edge");

  /** A host. */
  private record Member(Engine engine, FleetAgent agent) {}

  private final List<Member> members = new ArrayList<>();

  /**
   * @param directory where they keep what they know of their fleet
   * @param etcd its host and port
   */
  FleetHosts(int count, Path directory, String etcd) throws Exception {
    LOG.setLevel(Level.OFF); // each of them tells when etcd comes and goes
    EtcdAccess access = new EtcdAccess(List.of(etcd), null, "", null, 10_000);
    FleetSettings settings =
        new FleetSettings(
            "many", new Prefixes(false, List.of("edge.")), 0, 47, false, DAY_MS, 32, 16);
    for (int i = 0; i < count; i++) {
      RegistryState empty = RegistryState.empty(UUID.randomUUID(), Layout.SLOTTED, 216);
      Engine engine =
          new Engine(
              new MemoryStore(() -> empty),
              new Rules(600_000, 0),
              new Retention(1_000, DAY_MS),
              new Peer(0, 0, 1, "metakeyd").withPrivileges(),
              HostClock.ofThisHost("boot"),
              Limits.DEFAULTS);
      ThisHost host =
          new ThisHost(
              "host" + i, "machine" + i, "bench", directory.resolve("fleet." + i), news -> {});
      FleetAgent agent = FleetAgent.of(settings, access, host, engine);
      engine.addListener(agent);
      members.add(new Member(engine, agent));
    }
  }

  /** Returns how long it took until all had joined, nanoseconds. */
  long join() throws InterruptedException {
    long beganNs = System.nanoTime();
    members.forEach(member -> member.agent.start());
    awaitConnected();
    return System.nanoTime() - beganNs;
  }

  /**
   * Has all register all names.
   *
   * @return how long it took, nanoseconds
   * @throws IllegalStateException if a name has two ids
   */
  long register() {
    long beganNs = System.nanoTime();
    CompletableFuture.allOf(
            members.stream().map(FleetHosts::register).toArray(CompletableFuture[]::new))
        .join();
    long tookNs = System.nanoTime() - beganNs;
    requireOneId();
    return tookNs;
  }

  String words() {
    return "%d of the fleet's, each with one id on all hosts, and %d of each host's own"
        .formatted(FLEETS_NAMES, OWN_NAMES);
  }

  private static CompletableFuture<Void> register(Member member) {
    List<FieldSpec> specs = new ArrayList<>();
    IntStream.range(0, FLEETS_NAMES)
        .forEach(i -> specs.add(FieldSpec.of("edge.n" + i, i % 2 == 0 ? 2 : 4).shared()));
    List<CompletableFuture<Void>> claims = new ArrayList<>();
    for (int i = 0; i < FLEETS_NAMES; i++) { // as that many services would
      claims.add(member.agent.claim(List.of(specs.get(i)), "edge" + i / NAMES_OF_A_SERVICE));
    }
    IntStream.range(0, OWN_NAMES).forEach(i -> specs.add(FieldSpec.of("own.n" + i, 4)));
    return CompletableFuture.allOf(claims.toArray(CompletableFuture[]::new))
        .thenRun(() -> commit(member.engine, new Register(specs)));
  }

  private static void commit(Engine engine, Register register) {
    var answer = engine.submit(register, SERVICE);
    try {
      int unused = engine.doWork(0);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    var unused = answer.join();
  }

  private void requireOneId() {
    Map<String, Integer> ids = new HashMap<>();
    for (Member member : members) {
      for (Field field : member.engine.snapshot().records()) {
        Integer before =
            field.name().startsWith("edge.") ? ids.putIfAbsent(field.name(), field.id()) : null;
        if (before != null && before != field.id()) {
          throw new IllegalStateException(field.name() + " has two ids");
        }
      }
    }
  }

  void awaitConnected() throws InterruptedException {
    await(member -> member.agent.status().connected());
  }

  void awaitAway() throws InterruptedException {
    await(member -> !member.agent.status().connected());
  }

  private void await(Predicate<Member> condition) throws InterruptedException {
    for (Member member : members) {
      while (!condition.test(member)) {
        Thread.sleep(10);
      }
    }
  }

  @Override
  public void close() throws InterruptedException {
    for (Member member : members) {
      member.agent.close();
    }
  }
}
