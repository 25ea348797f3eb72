package dev.metakey.bench;

import dev.metakey.bench.Group.Unit;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What it costs a host to be in a fleet: its calls and its start, with and without, in turns. And
 * what it costs etcd that all hosts of a large fleet are started at once, and come back at once.
 */
final class Fleets {
  private static final String THERE = "bench.there";
  private static final String MEMBER = Results.METAKEY + ", in a fleet";
  private static final int CALLS = 50;
  private static final double AS_WITHOUT = 1.05;
  private static final double START = 1.2;
  private static final double BYTES_PER_MB = 1e6;
  private static final String CALL_WHY = "nothing of the fleet is asked for a name that is known";
  private static final String START_WHY =
      "the fleet's classes are loaded, and what is known is read";

  private final Workbench bench;
  private final Options.Form form;

  private static final class Subject {
    final MetakeyServer server;
    final String name;
    final Samples lookUps = new Samples();
    final Samples claims = new Samples();
    final Samples starts = new Samples();

    Subject(MetakeyServer server, String name) {
      this.server = server;
      this.name = name;
    }
  }

  Fleets(Workbench bench) {
    this.bench = bench;
    this.form = bench.options.form();
  }

  void measure(Results results) throws Exception {
    Path program = Workbench.program("etcd");
    if (program == null) {
      results.leftOut.add("fleets: etcd is not installed");
      return;
    }
    try (Opened opened = new Opened()) {
      EtcdServer etcd = opened.add(bench.etcd(program).onPort());
      var unused = etcd.start();
      host(results, opened, etcd);
      var unusedToo = etcd.start();
      many(results, etcd);
    }
  }

  private void host(Results results, Opened opened, EtcdServer etcd) throws Exception {
    List<Subject> subjects =
        List.of(
            new Subject(opened.add(bench.metakeyAlone()), Results.METAKEY),
            new Subject(opened.add(bench.metakeyAlone()).inFleet(etcd.address()), MEMBER));
    List<Connection> connections = new ArrayList<>();
    for (Subject subject : subjects) {
      var unused = subject.server.start();
      Connection connection = opened.add(subject.server.connect());
      claim(connection);
      connections.add(connection);
    }
    for (int round = 0; round < form.warmUpRounds() + form.rounds(); round++) {
      for (int i = 0; i < subjects.size(); i++) {
        Subject subject = subjects.get(i);
        if (round == form.warmUpRounds()) {
          subject.lookUps.clear();
          subject.claims.clear();
        }
        call(subject, connections.get(i));
      }
    }
    etcd.stop();
    for (int i = 0; i < form.starts(); i++) {
      for (Subject subject : subjects) {
        subject.server.stop();
        subject.starts.add(subject.server.start());
      }
    }
    report(results, subjects);
  }

  /** A host that has not joined its fleet yet refuses the name. */
  private static void claim(Connection connection) throws InterruptedException {
    while (true) {
      try {
        connection.call(Op.CLAIM, THERE);
        return;
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() != Status.Code.UNAVAILABLE) {
          throw e;
        }
        Thread.sleep(100);
      }
    }
  }

  private static void call(Subject subject, Connection connection) throws Exception {
    Sampler.lookUps(connection, THERE).sample(CALLS, subject.lookUps);
    for (int i = 0; i < CALLS; i++) {
      long startNs = System.nanoTime();
      connection.call(Op.CLAIM, THERE);
      subject.claims.add(System.nanoTime() - startNs);
    }
  }

  private static void report(Results results, List<Subject> subjects) throws IOException {
    Group lookUps = results.group(new Group("Look a fleet's name up", Unit.MICROSECONDS, null));
    Group claims =
        results.group(new Group("Register a fleet's name again", Unit.MICROSECONDS, null));
    Group starts =
        results.group(new Group("Start to the first answer, etcd away", Unit.MILLISECONDS, null));
    Group resident = results.group(new Group("Resident after a start", Unit.MEGABYTES, null));
    for (Subject subject : subjects) {
      boolean isMember = subject.name.equals(MEMBER);
      lookUps.add(subject.name, subject.lookUps, "", goals(isMember, AS_WITHOUT, CALL_WHY));
      claims.add(subject.name, subject.claims, "", goals(isMember, AS_WITHOUT, CALL_WHY));
      starts.add(subject.name, subject.starts, "", goals(isMember, START, START_WHY));
      Resident.Memory memory = Resident.of(subject.server);
      resident.add(
          new Group.Row(subject.name, memory.residentMb(), null, memory.note(), List.of()));
    }
  }

  private static Goal[] goals(boolean isMember, double most, String why) {
    return isMember ? new Goal[] {Goal.within(most, Results.METAKEY, why)} : new Goal[0];
  }

  private void many(Results results, EtcdServer etcd) throws Exception {
    String fleet = "a fleet of %,d hosts".formatted(form.hosts());
    Group times = results.group(new Group("Time for " + fleet, Unit.MILLISECONDS, null));
    Group transactions =
        results.group(new Group("Transactions in etcd for " + fleet, Unit.COUNT, null));
    Group memory = results.group(new Group("What etcd has for " + fleet, Unit.MEGABYTES, null));
    try (FleetHosts hosts =
        new FleetHosts(form.hosts(), bench.directory("hosts"), etcd.address())) {
      double before = transactions(etcd);
      add(times, "until all have joined", hosts.join() / 1e6, "");
      add(times, "from there until all have their names", hosts.register() / 1e6, hosts.words());
      add(transactions, "until then", transactions(etcd) - before, cpu(etcd));
      add(memory, "resident", figure(etcd, "process_resident_memory_bytes") / BYTES_PER_MB, "");
      add(
          memory,
          "database",
          figure(etcd, "etcd_mvcc_db_total_size_in_bytes") / BYTES_PER_MB,
          "%.0f watches".formatted(figure(etcd, "etcd_debugging_mvcc_watcher_total")));
      etcd.stop();
      hosts.awaitAway();
      long beganNs = System.nanoTime();
      var unused = etcd.start();
      hosts.awaitConnected();
      add(
          times,
          "until all are back, since etcd was started again",
          (System.nanoTime() - beganNs) / 1e6,
          "");
      add(transactions, "for that", transactions(etcd), cpu(etcd));
    }
  }

  private static void add(Group group, String name, double figure, String note) {
    group.add(new Group.Row(name, figure, null, note, List.of()));
  }

  private static String cpu(EtcdServer etcd) throws IOException {
    return "%.1f s of a core since etcd's start"
        .formatted(figure(etcd, "process_cpu_seconds_total"));
  }

  private static double transactions(EtcdServer etcd) throws IOException {
    return figure(etcd, "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Txn\"");
  }

  /** What etcd's page of metrics says; the sum of what begins so. */
  private static double figure(EtcdServer etcd, String name) throws IOException {
    try (InputStream in =
        URI.create("http://%s/metrics".formatted(etcd.address())).toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> line.startsWith(name))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
          .sum();
    }
  }
}
