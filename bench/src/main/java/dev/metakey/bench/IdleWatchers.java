package dev.metakey.bench;

import dev.metakey.bench.Group.Unit;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** What the daemon holds while many watch and nothing happens, and once all were told a change. */
final class IdleWatchers {
  /** A daemon bounds how many calls may arrive at the same moment. */
  private static final int AT_A_TIME = 100;

  private static final long PATIENCE_S = 60;

  private final Workbench bench;
  private final int watchers;

  IdleWatchers(Workbench bench) {
    this.bench = bench;
    this.watchers = bench.options.form().idle();
  }

  void measure(Results results) throws Exception {
    MetakeyServer server = bench.metakeyAlone().roomForWatchers();
    Group resident =
        results.group(
            new Group("Resident with %,d idle watchers".formatted(watchers), Unit.MEGABYTES, null));
    try (Opened opened = new Opened()) {
      var unused = opened.add(server).start();
      Connection changer = opened.add(server.connect());
      Semaphore told = new Semaphore(0);
      for (int i = 1; i <= watchers; i++) {
        var unusedToo = opened.add(server.watch("", told::release));
        if (i % AT_A_TIME == 0 || i == watchers) {
          await(told, (i - 1) % AT_A_TIME + 1);
        }
      }
      resident.add(row(server, Results.METAKEY));
      server.change(changer, "bench.told", 0);
      await(told, watchers);
      resident.add(row(server, "metakey, after a change that all were told"));
    }
  }

  private static Group.Row row(MetakeyServer server, String name) throws IOException {
    Resident.Memory memory = Resident.of(server);
    return new Group.Row(name, memory.residentMb(), null, memory.note(), List.of());
  }

  private static void await(Semaphore told, int watchers) throws Exception {
    if (!told.tryAcquire(watchers, PATIENCE_S, TimeUnit.SECONDS)) {
      throw new IOException("not every watcher was told");
    }
  }
}
