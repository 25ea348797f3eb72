package dev.metakey.bench;

import dev.metakey.bench.Group.Unit;
import dev.metakey.bench.Throughput.Work;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What it takes to start, keep and use a server that has seen many changes. */
final class Histories {
  private static final String MINE = "bench.mine";
  private static final String THERE = "bench.there";
  private static final int WRITERS = 60;
  private static final int CALLS = 20;
  private static final String START_WHY = "starting a JVM and loading its classes is most of it";

  private static final class Subject {
    final Server server;
    final Samples start = new Samples();
    final Samples claim = new Samples();
    final Samples lookUp = new Samples();

    Subject(Server server) {
      this.server = server;
    }
  }

  private final Workbench bench;
  private final Options.Form form;

  Histories(Workbench bench) {
    this.bench = bench;
    this.form = bench.options.form();
  }

  void measure(Results results) throws Exception {
    for (int changes : form.history()) {
      List<Subject> subjects = new ArrayList<>();
      for (Server server : bench.servers()) {
        subjects.add(new Subject(server));
        makeHistory(server, changes);
      }
      try (Opened opened = new Opened()) {
        subjects.forEach(subject -> opened.add(subject.server));
        start(subjects);
        use(subjects);
        report(results, subjects, changes);
      }
    }
  }

  /** Makes a server go through this many changes and about 60 names, and ends it. */
  private static void makeHistory(Server server, int changes) throws Exception {
    try (Opened opened = new Opened()) {
      var unused = opened.add(server).start();
      server.prepare();
      opened.add(server.connect()).call(Op.CLAIM, THERE);
      List<AsyncConnection> connections = new ArrayList<>();
      List<Work> work = new ArrayList<>();
      for (int client = 0; client < WRITERS; client++) {
        connections.add(opened.add(server.connectAsync(client)));
        work.add(Work.claiming(server.nameFor(client)));
      }
      Throughput.calls(connections, work, changes / WRITERS);
    }
  }

  private void start(List<Subject> subjects) throws Exception {
    for (int i = 0; i < form.starts(); i++) {
      for (Subject subject : subjects) {
        if (i > 0) {
          subject.server.stop();
        }
        subject.start.add(subject.server.start());
      }
    }
  }

  private void use(List<Subject> subjects) throws Exception {
    try (Opened opened = new Opened()) {
      Map<Subject, Connection> connections = new LinkedHashMap<>();
      for (Subject subject : subjects) {
        connections.put(subject, opened.add(subject.server.connect()));
      }
      for (int round = 0; round < form.warmUpRounds() + form.rounds(); round++) {
        for (Map.Entry<Subject, Connection> entry : connections.entrySet()) {
          if (round == form.warmUpRounds()) {
            entry.getKey().claim.clear();
            entry.getKey().lookUp.clear();
          }
          use(entry.getKey(), entry.getValue());
        }
      }
    }
  }

  private static void use(Subject subject, Connection connection) throws Exception {
    for (int i = 0; i < CALLS; i++) {
      long startNs = System.nanoTime();
      connection.call(Op.CLAIM, MINE);
      subject.claim.add(System.nanoTime() - startNs);
      connection.call(Op.RELEASE, MINE);
    }
    Sampler.lookUps(connection, THERE).sample(CALLS, subject.lookUp);
  }

  private static void report(Results results, List<Subject> subjects, int changes)
      throws Exception {
    String after = changes == 0 ? "" : " after %,d changes".formatted(changes);
    Group start =
        results.group(new Group("Start to the first answer" + after, Unit.MILLISECONDS, null));
    Group resident = results.group(new Group("Resident" + after, Unit.MEGABYTES, null));
    Group claim =
        results.group(
            new Group("Claim a name" + after + ", a fresh start", Unit.MICROSECONDS, null));
    Group lookUp =
        results.group(new Group("Look up" + after + ", a fresh start", Unit.MICROSECONDS, null));
    for (Subject subject : subjects) {
      String name = subject.server.name();
      Goal[] goals =
          name.equals(Results.METAKEY) ? new Goal[] {Goal.aheadOf("etcd", START_WHY)} : new Goal[0];
      start.add(name, subject.start, "", goals);
      resident.add(Resident.row(subject.server));
      claim.add(name, subject.claim, "");
      lookUp.add(name, subject.lookUp, "");
    }
  }
}
