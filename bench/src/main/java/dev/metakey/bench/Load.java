package dev.metakey.bench;

import dev.metakey.bench.Latency.Kind;
import dev.metakey.bench.Throughput.Client;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Measures a daemon over its socket, each figure beside its floor in the same run: the daemon, the
 * floor and the callers are processes of their own. Prints goals and whether they are reached; a
 * goal that is missed is not a failure.
 */
public final class Load {
  private static final int CLIENTS = 64;
  private static final int REPEATS = 3;
  private static final int CHANGES_TOLD = 100;
  private static final int WARM_UP_ROUNDS = 200;
  private static final long WARM_UP_NS = TimeUnit.SECONDS.toNanos(3);

  private final Arguments arguments;
  private final List<ProcessHandle> ours;
  private final Path daemonSocket;
  private final ManagedChannel floor;
  private final ManagedChannel daemon;
  private final List<ManagedChannel> floors = new ArrayList<>();
  private final List<ManagedChannel> daemons = new ArrayList<>();

  private Load(Arguments arguments, List<ProcessHandle> ours, Path floorSocket, Path daemonSocket) {
    this.arguments = arguments;
    this.ours = ours;
    this.daemonSocket = daemonSocket;
    for (int i = 0; i < CLIENTS; i++) {
      floors.add(Sockets.connect(floorSocket));
      daemons.add(Sockets.connect(daemonSocket));
    }
    this.floor = floors.get(0);
    this.daemon = daemons.get(0);
  }

  public static void main(String[] args) throws Exception {
    if (List.of(args).contains("--help")) {
      System.out.print(Arguments.USAGE);
      return;
    }
    Arguments arguments;
    try {
      arguments = Arguments.parse(List.of(args));
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + "\n" + Arguments.USAGE);
      System.exit(2);
      return;
    }
    Path data = temporary(arguments.data());
    Path run = temporary(Files.isDirectory(Path.of("/dev/shm")) ? Path.of("/dev/shm") : null);
    try (Children children = new Children(data)) {
      Path socket = arguments.socket();
      Subject subject =
          socket == null ? Subject.start(arguments, data, run, children) : Subject.at(socket);
      Path floor = run.resolve("floor.sock");
      Process process =
          children.java(
              subject.jvmOptions(),
              FloorServer.class.getName(),
              List.of(floor.toString(), data.resolve("floor").toString()));
      Children.awaitSocket(process, floor);
      List<ProcessHandle> ours =
          List.of(ProcessHandle.current(), process.toHandle(), subject.process());
      new Load(arguments, ours, floor, subject.socket()).measure(data, run);
    } finally {
      delete(data);
      delete(run);
    }
    System.exit(0); // netty's threads would stay
  }

  private void measure(Path data, Path run) throws IOException, InterruptedException {
    Report.line(
        "%s, published files on %s", Machine.describe(data), Files.getFileStore(run).type());
    Latency latency = new Latency(floor, daemon);
    var unused = latency.run(Math.min(WARM_UP_ROUNDS, 2 * arguments.rounds()));
    Machine.Usage warm = Machine.usage(ours);
    Map<Kind, Samples> latencies = latency.run(arguments.rounds());
    Report.latencies(latencies);
    Map<String, double[]> rates = new LinkedHashMap<>();
    if (arguments.seconds() > 0) {
      rates = rates(latency);
      Report.rates(CLIENTS, rates);
    }
    if (arguments.watchers() > 0) {
      Report.told(arguments.watchers(), told());
    }
    goals(latencies, rates);
    Report.line(
        "%nother processes kept %.2f cores busy meanwhile", Machine.usage(ours).othersSince(warm));
  }

  private Map<String, double[]> rates(Latency latency) throws InterruptedException {
    latency.awaitFreed();
    Registrar registrar = new Registrar(daemon);
    for (int i = 0; i < CLIENTS; i++) {
      registrar.register(Latency.existing(i));
    }
    Map<String, List<Client>> kinds = new LinkedHashMap<>();
    kinds.put("empty call, bare server", clients(floors, (c, name) -> Throughput.empty(c)));
    kinds.put("resolve", clients(daemons, Throughput::resolving));
    kinds.put("register, existing", clients(daemons, Throughput::registering));
    kinds.put("release and register: durable changes", clients(daemons, Throughput::changing));
    for (List<Client> clients : kinds.values()) {
      var unused = Throughput.measure(clients, WARM_UP_NS);
    }
    long durationNs = TimeUnit.SECONDS.toNanos(arguments.seconds());
    Map<String, List<double[]>> all = new LinkedHashMap<>();
    for (int i = 0; i < REPEATS; i++) {
      for (Map.Entry<String, List<Client>> kind : kinds.entrySet()) {
        double one = Throughput.measure(kind.getValue().subList(0, 1), durationNs);
        double many = Throughput.measure(kind.getValue(), durationNs);
        all.computeIfAbsent(kind.getKey(), k -> new ArrayList<>()).add(new double[] {one, many});
      }
    }
    Map<String, double[]> medians = new LinkedHashMap<>();
    all.forEach(
        (kind, rates) -> medians.put(kind, new double[] {median(rates, 0), median(rates, 1)}));
    return medians;
  }

  private static List<Client> clients(
      List<ManagedChannel> channels, BiFunction<ManagedChannel, String, Client> kind) {
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < channels.size(); i++) {
      clients.add(kind.apply(channels.get(i), Latency.existing(i)));
    }
    return clients;
  }

  private static double median(List<double[]> rates, int column) {
    double[] sorted = rates.stream().mapToDouble(rate -> rate[column]).sorted().toArray();
    return sorted[sorted.length / 2];
  }

  private Watchers.Told told() throws InterruptedException {
    Path socket = daemonSocket;
    List<ManagedChannel> connections = new ArrayList<>();
    for (int i = 0; i < arguments.watchers(); i++) {
      connections.add(Sockets.connect(socket));
    }
    Watchers watchers = new Watchers(connections);
    Registrar registrar = new Registrar(daemon);
    boolean[] registered = {true};
    Runnable change =
        () -> {
          if (registered[0]) {
            registrar.release(Latency.existing(0));
          } else {
            registrar.register(Latency.existing(0));
          }
          registered[0] = !registered[0];
        };
    var unused = watchers.tell(CHANGES_TOLD, change);
    Watchers.Told told = watchers.tell(CHANGES_TOLD, change);
    connections.forEach(ManagedChannel::shutdownNow);
    return told;
  }

  private static void goals(Map<Kind, Samples> latencies, Map<String, double[]> rates) {
    double empty = p50(latencies, Kind.EMPTY);
    Report.goals();
    Report.atMost("resolve p50 / empty call", 1.15, p50(latencies, Kind.RESOLVE) / empty);
    double register = p50(latencies, Kind.CREATE);
    Report.atMost(
        "register p50 / (empty call + synced put)",
        1.3,
        register / (empty + p50(latencies, Kind.PUT)));
    Report.atMost(
        "register p50 / (empty call + put in a call)",
        1.3,
        register / (empty + p50(latencies, Kind.PUT_IN_CALL)));
    double[] changes = rates.get("release and register: durable changes");
    if (changes != null) {
      Report.atLeast("durable changes: 64 clients / one", 8, changes[1] / changes[0]);
    }
  }

  private static double p50(Map<Kind, Samples> latencies, Kind kind) {
    Samples samples = latencies.get(kind);
    return samples == null ? Double.NaN : samples.p50Us();
  }

  private static Path temporary(@Nullable Path parent) throws IOException {
    return parent == null
        ? Files.createTempDirectory("metakey-bench")
        : Files.createTempDirectory(parent, "metakey-bench");
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
