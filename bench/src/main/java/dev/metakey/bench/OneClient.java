package dev.metakey.bench;

import dev.metakey.bench.Group.Unit;
import dev.metakey.client.MetakeyClient;
import dev.metakey.client.View;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** How long one caller waits to claim a name, and to look one up. */
final class OneClient implements AutoCloseable {
  private static final String FLOOR = "floor: empty gRPC call and synced put";
  private static final String EMPTY = "floor: an empty gRPC call";
  private static final String PUT = "RocksDB, synced put, in process";
  private static final String SOCKET = Results.METAKEY;
  private static final String SLEEP =
      "the answer waits for two threads to be woken, the daemon's writer by the call and its event loop by the disk; see latency.md";

  private static final String CALL =
      "a look-up decodes a request, finds the name and encodes a field, on top of the empty call";
  private static final String COPY = "each look-up opens the file, and reads all 6 kB of it";

  private static final int CLAIMED = 40;
  private static final int LOOKED_UP = 50;
  private static final String[] THERE = {"bench.there_0", "bench.there_1", "bench.there_2"};

  /** How many look-ups in a view are timed together, as one takes less than the clock can tell. */
  private static final int VIEWED = 1000;

  private static final class Kind {
    final Sampler sampler;
    final int calls;
    final Samples samples = new Samples();

    Kind(Sampler sampler, int calls) {
      this.sampler = sampler;
      this.calls = calls;
    }
  }

  private final Workbench bench;
  private final Opened opened = new Opened();
  private final Map<String, Kind> claims = new LinkedHashMap<>();
  private final Map<String, Kind> lookUps = new LinkedHashMap<>();

  /** Starts all that is compared. */
  OneClient(Workbench bench) throws Exception {
    this.bench = bench;
    MetakeyServer metakey = opened.add(bench.metakeyAsInstalled());
    var unused = metakey.start();
    addMetakey(metakey);
    for (Server server : bench.servers()) {
      if (!(server instanceof MetakeyServer)) {
        addPeer(opened.add(server));
      }
    }
    FloorServer floor = opened.add(bench.floor(metakey));
    var unusedToo = floor.start();
    lookUp(EMPTY, Sampler.lookUps(opened.add(floor.connect()), THERE));
    addDatabases();
  }

  private void addMetakey(MetakeyServer metakey) throws Exception {
    Connection connection = claimed(opened.add(metakey.connect()));
    claim(
        SOCKET,
        bench.freesIds()
            ? new Claims(connection, true, () -> metakey.awaitFreed(connection))
            : new Claims(connection, false, () -> {}));
    lookUp(SOCKET, Sampler.lookUps(connection, THERE));
    lookUp("metakey, view of a Java client", viewed(metakey));
    if (Files.isExecutable(bench.options.lookups())) {
      CLookUps lookUps = opened.add(new CLookUps(bench, metakey, THERE[0]));
      lookUp("metakey, registry.bin, in C", lookUps.of("file"));
      if (!bench.options.bpffs().equals("none")) {
        lookUp("metakey, pinned map, in C", lookUps.of("map"));
      }
    }
  }

  private Sampler viewed(MetakeyServer metakey) throws Exception {
    MetakeyClient client = opened.add(MetakeyClient.builder().socket(metakey.socket()).connect());
    View view = client.view();
    return (calls, into) -> {
      for (int i = 0; i < calls; i++) {
        long startNs = System.nanoTime();
        for (int j = 0; j < VIEWED; j++) {
          if (view.get(THERE[j % THERE.length]) == null) {
            throw new IllegalStateException("the view does not have " + THERE[j % THERE.length]);
          }
        }
        into.add((System.nanoTime() - startNs) / VIEWED);
      }
    };
  }

  private void addPeer(Server server) throws IOException, InterruptedException {
    var unused = server.start();
    Connection connection = claimed(opened.add(server.connect()));
    claim(server.name(), new Claims(connection));
    lookUp(server.name(), Sampler.lookUps(connection, THERE));
  }

  private void addDatabases() throws Exception {
    Path directory = bench.directory("databases");
    Connection sqlite = claimed(opened.add(new Sqlite(directory.resolve("sqlite"))));
    claim("SQLite, in process", new Claims(sqlite));
    lookUp("SQLite, in process", Sampler.lookUps(sqlite, THERE));
    claim(PUT, new Claims(opened.add(FloorDatabase.open(directory.resolve("rocksdb")))));
    claim(
        "fdatasync of a block", new Claims(opened.add(new BlockFile(directory.resolve("blocks")))));
  }

  private static Connection claimed(Connection connection) {
    for (String name : THERE) {
      connection.call(Op.CLAIM, name);
    }
    return connection;
  }

  private void claim(String name, Sampler sampler) {
    claims.put(name, new Kind(sampler, CLAIMED));
  }

  private void lookUp(String name, Sampler sampler) {
    lookUps.put(name, new Kind(sampler, LOOKED_UP));
  }

  /**
   * Measures, round by round, all kinds in each.
   *
   * @param how words for the titles
   */
  void measure(Results results, int warmUp, int rounds, String how) throws Exception {
    rounds(warmUp);
    claims.values().forEach(kind -> kind.samples.clear());
    lookUps.values().forEach(kind -> kind.samples.clear());
    rounds(rounds);
    report(results.group(new Group("Claim a name durably" + how, Unit.MICROSECONDS, FLOOR)));
    reportLookUps(results.group(new Group("Look a name up" + how, Unit.MICROSECONDS, EMPTY)));
  }

  private void rounds(int rounds) throws Exception {
    for (int i = 0; i < rounds; i++) {
      for (Kind kind : claims.values()) {
        kind.sampler.sample(kind.calls, kind.samples);
      }
      for (Kind kind : lookUps.values()) {
        kind.sampler.sample(kind.calls, kind.samples);
      }
    }
  }

  private void report(Group group) {
    claims.forEach(
        (name, kind) -> {
          if (name.equals(SOCKET)) {
            group.add(
                name,
                kind.samples,
                bench.freesIds()
                    ? ""
                    : "names that it had before: only root may look whether an id can be freed",
                Goal.aheadOf("etcd", SLEEP),
                Goal.within(1.3, FLOOR, SLEEP));
          } else {
            group.add(name, kind.samples, "");
          }
        });
    group.add(
        new Group.Row(
            FLOOR,
            (median(lookUps, EMPTY) + median(claims, PUT)) / 1e3,
            null,
            "the sum of two medians",
            List.of()));
  }

  private static double median(Map<String, Kind> kinds, String name) {
    return Objects.requireNonNull(kinds.get(name)).samples.percentileNs(0.5);
  }

  private void reportLookUps(Group group) {
    lookUps.forEach(
        (name, kind) -> {
          if (name.equals(SOCKET)) {
            group.add(
                name, kind.samples, "", Goal.aheadOf("etcd", CALL), Goal.within(1.15, EMPTY, CALL));
          } else if (name.startsWith(Results.METAKEY)) {
            group.add(name, kind.samples, "", Goal.aheadOf("Redis", COPY));
          } else {
            group.add(name, kind.samples, "");
          }
        });
  }

  @Override
  public void close() throws Exception {
    opened.close();
  }
}
