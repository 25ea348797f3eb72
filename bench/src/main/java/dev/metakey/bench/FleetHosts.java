package dev.metakey.bench;

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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Many hosts of one fleet in one process, with the registry and the agent of a daemon each, and a
 * store in memory. All start at once, and register the same names and some of their own.
 *
 * <pre>
 *   java -cp bench/target/metakey-bench.jar dev.metakey.bench.FleetHosts 1000 127.0.0.1:2379
 * </pre>
 *
 * When it says so, etcd may be restarted; it waits until all hosts are back.
 */
public final class FleetHosts {
  private static final int FLEETS_NAMES = 40;
  private static final int OWN_NAMES = 5;
  private static final Peer SERVICE = new Peer(1000, 1000, 7, "edge");

  private final ThisHost host;
  private final Engine engine;
  private final FleetAgent agent;

  private FleetHosts(int number, Path directory, EtcdAccess access) throws Exception {
    host =
        new ThisHost(
            "host" + number,
            "machine" + number,
            "bench",
            directory.resolve("fleet." + number),
            news -> {});
    RegistryState empty = RegistryState.empty(UUID.randomUUID(), Layout.SLOTTED, 216);
    engine =
        new Engine(
            new MemoryStore(() -> empty),
            new Rules(600_000, 0),
            new Retention(1_000, 86_400_000),
            new Peer(0, 0, 1, "metakeyd").withPrivileges(),
            HostClock.ofThisHost("boot"),
            Limits.DEFAULTS);
    FleetSettings settings =
        new FleetSettings(
            "bench", new Prefixes(false, List.of("edge.")), 0, 47, false, 86_400_000, 32, 16);
    agent = FleetAgent.of(settings, access, host, engine);
    engine.addListener(agent);
  }

  public static void main(String[] args) throws Exception {
    int count = Integer.parseInt(args[0]);
    EtcdAccess access = new EtcdAccess(List.of(args[1].split(",")), null, "", null, 10_000);
    Path directory = Files.createTempDirectory("metakey-fleet");
    List<FleetHosts> hosts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      hosts.add(new FleetHosts(i, directory, access));
    }
    long beginNs = System.nanoTime();
    hosts.forEach(host -> host.agent.start());
    await(hosts, host -> host.agent.status().connected());
    say(beginNs, "all %d hosts are connected".formatted(count));
    beginNs = System.nanoTime();
    CompletableFuture.allOf(
            hosts.stream().map(FleetHosts::registerAll).toArray(CompletableFuture[]::new))
        .join();
    say(beginNs, "all have their %d names".formatted(FLEETS_NAMES + OWN_NAMES));
    requireSame(hosts);
    System.out.println("restart etcd now");
    await(hosts, host -> !host.agent.status().connected());
    beginNs = System.nanoTime();
    await(hosts, host -> host.agent.status().connected());
    say(beginNs, "all are connected again, since the last one had lost it");
    for (FleetHosts host : hosts) {
      host.agent.close();
      Files.deleteIfExists(host.host.file());
    }
    Files.delete(directory);
  }

  private CompletableFuture<Void> registerAll() {
    List<FieldSpec> specs = new ArrayList<>();
    IntStream.range(0, FLEETS_NAMES)
        .forEach(i -> specs.add(FieldSpec.of("edge.n" + i, i % 2 == 0 ? 2 : 4).shared()));
    List<FieldSpec> all = new ArrayList<>(specs);
    IntStream.range(0, OWN_NAMES).forEach(i -> all.add(FieldSpec.of("own.n" + i, 4)));
    List<CompletableFuture<Void>> claims = new ArrayList<>();
    for (int i = 0; i < FLEETS_NAMES; i++) { // as that many services would, 8 names each
      claims.add(agent.claim(List.of(specs.get(i)), "edge" + i / 8));
    }
    return CompletableFuture.allOf(claims.toArray(CompletableFuture[]::new))
        .thenRun(() -> register(all));
  }

  private void register(List<FieldSpec> specs) {
    var answer = engine.submit(new Register(specs), SERVICE);
    try {
      int unused = engine.doWork(0);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    var unused = answer.join();
  }

  private static void await(List<FleetHosts> hosts, Predicate<FleetHosts> condition)
      throws InterruptedException {
    for (FleetHosts host : hosts) {
      while (!condition.test(host)) {
        Thread.sleep(10);
      }
    }
  }

  private static void requireSame(List<FleetHosts> hosts) {
    Map<String, Integer> ids = new HashMap<>();
    for (FleetHosts host : hosts) {
      host.engine.snapshot().records().stream()
          .filter(field -> field.name().startsWith("edge."))
          .forEach(
              field -> {
                Integer before = ids.putIfAbsent(field.name(), field.id());
                if (before != null && before != field.id()) {
                  throw new IllegalStateException(field.name() + " has two ids");
                }
              });
    }
    System.out.printf("%d names have one id each%n", ids.size());
  }

  private static void say(long beginNs, String what) {
    System.out.printf("%.1f s: %s%n", (System.nanoTime() - beginNs) / 1e9, what);
  }
}
