package dev.metakey.bench;

import dev.metakey.bench.Group.Row;
import dev.metakey.bench.Group.Unit;
import dev.metakey.bench.Throughput.Work;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** What many clients at once get done in a second, and how that grows with their number. */
final class ManyClients implements AutoCloseable {
  private static final String THERE = "bench.there";
  private static final String EMPTY = "floor: an empty gRPC call";
  private static final String FLOOR = "floor: RocksDB, synced put, in process";
  private static final String ETCD = "etcd";
  private static final int WARM_UP_TIMES = 3;
  private static final String CLAIMS_WHY =
      "each answer is a call of its own, and both cores are shared with the clients";

  private interface Load {
    /**
     * @return operations a second
     */
    double run(int clients, long durationNs) throws Exception;
  }

  private final Workbench bench;
  private final Options.Form form;
  private final int mostClients;
  private final Opened opened = new Opened();
  private final Map<String, Load> claims = new LinkedHashMap<>();
  private final Map<String, Load> lookUps = new LinkedHashMap<>();
  private final List<Server> servers;

  ManyClients(Workbench bench) throws Exception {
    this.bench = bench;
    this.form = bench.options.form();
    this.mostClients = Collections.max(form.clients());
    this.servers = bench.servers();
    for (Server server : servers) {
      var unused = opened.add(server).start();
      server.prepare();
      opened.add(server.connect()).call(Op.CLAIM, THERE);
      List<AsyncConnection> connections = connections(server);
      claims.put(server.name(), claiming(server, connections));
      lookUps.put(server.name(), lookingUp(connections));
    }
    FloorServer floor = opened.add(bench.floor((MetakeyServer) servers.get(0)));
    var unused = floor.start();
    lookUps.put(EMPTY, lookingUp(connections(floor)));
    addDatabases();
  }

  private List<AsyncConnection> connections(Server server) throws Exception {
    List<AsyncConnection> connections = new ArrayList<>();
    for (int client = 0; client < mostClients; client++) {
      connections.add(opened.add(server.connectAsync(client)));
    }
    return connections;
  }

  private void addDatabases() throws Exception {
    var directory = bench.directory("databases");
    List<Connection> sqlite = new ArrayList<>();
    for (int client = 0; client < mostClients; client++) {
      sqlite.add(opened.add(new Sqlite(directory.resolve("sqlite"))));
    }
    claims.put("SQLite, in process", claiming(sqlite));
    Connection rocks = opened.add(FloorDatabase.open(directory.resolve("rocksdb")));
    claims.put(FLOOR, claiming(Collections.nCopies(mostClients, rocks)));
  }

  private static Load claiming(Server server, List<AsyncConnection> connections) {
    return (wanted, ns) -> {
      int clients = Math.min(wanted, server.mostClaiming());
      return Throughput.ofServer(
          connections.subList(0, clients),
          work(clients, client -> Work.claiming(server.nameFor(client))),
          ns);
    };
  }

  private static Load lookingUp(List<AsyncConnection> connections) {
    return (clients, ns) ->
        Throughput.ofServer(
            connections.subList(0, clients), work(clients, client -> Work.lookingUp(THERE)), ns);
  }

  private static Load claiming(List<Connection> connections) {
    return (clients, ns) ->
        Throughput.ofDatabase(
            connections.subList(0, clients),
            work(clients, client -> Work.claiming("bench.client_" + client)),
            ns);
  }

  private static List<Work> work(int clients, Function<Integer, Work> of) {
    List<Work> work = new ArrayList<>();
    for (int client = 0; client < clients; client++) {
      work.add(of.apply(client));
    }
    return work;
  }

  void measure(Results results) throws Exception {
    measure(
        results,
        "Claim and give back, each a durable change",
        claims,
        FLOOR,
        Goal.aheadOf(ETCD, CLAIMS_WHY));
    measure(results, "Look a name up", lookUps, EMPTY, Goal.aheadOf(ETCD, CLAIMS_WHY));
    Group resident = results.group(new Group("Resident after this load", Unit.MEGABYTES, null));
    for (Server server : servers) {
      resident.add(Resident.row(server));
    }
  }

  private void measure(
      Results results, String title, Map<String, Load> loads, String floor, Goal goal)
      throws Exception {
    long runNs = TimeUnit.MILLISECONDS.toNanos(form.runMs());
    for (Load load : loads.values()) {
      var unused = load.run(Math.min(64, mostClients), WARM_UP_TIMES * runNs);
    }
    for (int clients : form.clients()) {
      Map<String, double[]> rates = rates(loads, clients, runNs);
      String at = clients == 1 ? "1 client" : clients + " clients at once";
      Group group = results.group(new Group("%s, %s".formatted(title, at), Unit.PER_SECOND, floor));
      rates.forEach(
          (name, all) -> {
            List<Goal> goals = name.equals(Results.METAKEY) ? List.of(goal) : List.of();
            String note = floor.equals(FLOOR) ? note(name, clients) : "";
            group.add(new Row(name, median(all), null, note, goals));
          });
    }
  }

  private String note(String name, int clients) {
    return servers.stream()
        .filter(server -> server.name().equals(name) && server.mostClaiming() < clients)
        .map(server -> "%d clients: more cannot share its names".formatted(server.mostClaiming()))
        .findFirst()
        .orElse("");
  }

  /** Measures all kinds in turn, as often as the options say. */
  private Map<String, double[]> rates(Map<String, Load> loads, int clients, long runNs)
      throws Exception {
    Map<String, double[]> rates = new LinkedHashMap<>();
    for (int i = 0; i < form.repeats(); i++) {
      for (Map.Entry<String, Load> load : loads.entrySet()) {
        rates.computeIfAbsent(load.getKey(), name -> new double[form.repeats()])[i] =
            load.getValue().run(clients, runNs);
      }
    }
    return rates;
  }

  private static double median(double[] rates) {
    double[] sorted = rates.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  @Override
  public void close() throws Exception {
    opened.close();
  }
}
