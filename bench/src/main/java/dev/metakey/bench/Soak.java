package dev.metakey.bench;

import dev.metakey.bench.Group.Unit;
import dev.metakey.bench.Throughput.Work;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What the daemon holds after a while of everything at once: clients that claim, give back and look
 * up, and watchers, all of whom leave and come back ten times. The daemon should hold no more at
 * the end than after half of it.
 */
final class Soak {
  private static final int TURNS = 10;
  private static final int CLAIMING = 16;
  private static final int LOOKING_UP = 16;
  private static final int WATCHERS = 50;

  /** So few changes are kept that half of the time suffices for more. */
  private static final int HISTORY = 10_000;

  private static final long PATIENCE_S = 30;
  private static final double MORE = 1.1;

  /** The database merges its files now and then, and only then drops old changes. */
  private static final double MORE_ON_DISK = 2;

  private static final double BYTES_PER_MB = 1 << 20;
  private static final String AFTER_HALF = "metakey, after half of it";
  private static final String WHY = "something is kept that nobody needs any more";

  /**
   * What the daemon holds.
   *
   * @param mb resident, and what its data takes on the disk
   */
  private record Held(Resident.Memory mb, double descriptors, double threads, double dataMb) {}

  private final Workbench bench;
  private final long turnNs;

  Soak(Workbench bench) {
    this.bench = bench;
    this.turnNs = TimeUnit.MILLISECONDS.toNanos(bench.options.form().soakMs()) / TURNS;
  }

  void measure(Results results) throws Exception {
    MetakeyServer server = bench.metakeyAlone().keeping(HISTORY);
    try (Opened opened = new Opened()) {
      var unused = opened.add(server).start();
      server.prepare();
      Held half = turns(server, TURNS / 2);
      report(results, half, turns(server, TURNS / 2));
    }
  }

  private Held turns(MetakeyServer server, int turns) throws Exception {
    for (int turn = 0; turn < turns; turn++) {
      turn(server);
    }
    return held(server);
  }

  private void turn(MetakeyServer server) throws Exception {
    try (Opened opened = new Opened()) {
      Semaphore told = new Semaphore(0);
      for (int i = 0; i < WATCHERS; i++) {
        var unused = opened.add(server.watch("", told::release));
      }
      if (!told.tryAcquire(WATCHERS, PATIENCE_S, TimeUnit.SECONDS)) {
        throw new IOException("not every watcher was told the state");
      }
      List<AsyncConnection> connections = new ArrayList<>();
      List<Work> work = new ArrayList<>();
      for (int client = 0; client < CLAIMING + LOOKING_UP; client++) {
        connections.add(opened.add(server.connectAsync(client)));
        String name = server.nameFor(client);
        work.add(client < CLAIMING ? Work.claiming(name) : Work.lookingUp(name));
      }
      var unused = Throughput.ofServer(connections, work, turnNs);
    }
  }

  /** What it holds when the connections of the last turn are gone. */
  private static Held held(MetakeyServer server) throws Exception {
    Path process = Path.of("/proc", Long.toString(server.process().pid()));
    double descriptors = count(process.resolve("fd"));
    double before = Double.MAX_VALUE;
    while (descriptors < before) {
      before = descriptors;
      Thread.sleep(100);
      descriptors = count(process.resolve("fd"));
    }
    return new Held(
        Resident.of(server), descriptors, count(process.resolve("task")), megabytes(server.data()));
  }

  private static double count(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.count();
    }
  }

  private static double megabytes(Path data) throws IOException {
    try (Stream<Path> files = Files.walk(data)) {
      return files.mapToLong(Soak::bytes).sum() / BYTES_PER_MB;
    }
  }

  private static long bytes(Path file) {
    try {
      return Files.isDirectory(file) ? 0 : Files.size(file);
    } catch (NoSuchFileException gone) { // merged meanwhile
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void report(Results results, Held half, Held last) {
    String load =
        "%d s of everything at once".formatted(TimeUnit.NANOSECONDS.toSeconds(turnNs * TURNS));
    Group resident = results.group(new Group("Resident after " + load, Unit.MEGABYTES, null));
    add(
        resident,
        MORE,
        half.mb().residentMb(),
        last.mb().residentMb(),
        half.mb().note(),
        last.mb().note());
    Group data = results.group(new Group("On the disk after " + load, Unit.MEGABYTES, null));
    add(data, MORE_ON_DISK, half.dataMb(), last.dataMb(), "", "");
    Group open = results.group(new Group("Descriptors after " + load, Unit.COUNT, null));
    add(open, MORE, half.descriptors(), last.descriptors(), "", "");
    Group threads = results.group(new Group("Threads after " + load, Unit.COUNT, null));
    add(threads, MORE, half.threads(), last.threads(), "", "");
  }

  private static void add(
      Group group, double most, double first, double last, String note, String lastNote) {
    group.add(new Group.Row(AFTER_HALF, first, null, note, List.of()));
    Goal flat = Goal.within(most, AFTER_HALF, WHY);
    group.add(new Group.Row(Results.METAKEY, last, null, lastNote, List.of(flat)));
  }
}
