package dev.metakey.bench;

import dev.metakey.bench.Group.Unit;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** How long it takes until all of many watchers know of a change. */
final class Watching implements AutoCloseable {
  private static final String TOLD = "bench.told";
  private static final int AT_A_TIME = 100;
  private static final long PATIENCE_S = 60;
  private static final String WHY =
      "each watcher is sent a frame of HTTP/2, and each connection is written to by itself";
  private static final String NOT_DURABLE = "its messages are not kept: no disk is waited for";

  /** The watchers of one server. */
  private static final class Audience {
    final Server server;
    final Connection changer;
    final long[] toldAtNs;
    final Samples each = new Samples();
    final Samples last = new Samples();
    final Semaphore told = new Semaphore(0);

    Audience(Server server, Connection changer, int watchers) {
      this.server = server;
      this.changer = changer;
      this.toldAtNs = new long[watchers];
    }

    Runnable watcher(int index) {
      return () -> {
        toldAtNs[index] = System.nanoTime();
        told.release();
      };
    }

    /** Waits until this many were told. */
    void await(int watchers) throws InterruptedException, IOException {
      if (!told.tryAcquire(watchers, PATIENCE_S, TimeUnit.SECONDS)) {
        throw new IOException(
            "%s has told only %d of %d watchers in %d s"
                .formatted(server.name(), told.availablePermits(), watchers, PATIENCE_S));
      }
    }

    void change(int turn) throws InterruptedException, IOException {
      long startNs = System.nanoTime();
      server.change(changer, TOLD, turn);
      await(toldAtNs.length);
      long lastNs = 0;
      for (long atNs : toldAtNs) {
        each.add(atNs - startNs);
        lastNs = Math.max(lastNs, atNs - startNs);
      }
      last.add(lastNs);
    }
  }

  private final Options.Form form;
  private final Opened opened = new Opened();
  private final List<Audience> audiences = new ArrayList<>();

  Watching(Workbench bench) throws Exception {
    this.form = bench.options.form();
    for (Server server : bench.servers()) {
      var unused = opened.add(server).start();
      Audience audience = new Audience(server, opened.add(server.connect()), form.watchers());
      for (int i = 0; i < form.watchers(); i++) {
        var unusedToo = opened.add(server.watch(TOLD, audience.watcher(i)));
        if (i % AT_A_TIME == 0) { // a daemon bounds how many calls may arrive at the same moment
          audience.await(i == 0 ? 1 : AT_A_TIME);
        }
      }
      audience.await((form.watchers() - 1) % AT_A_TIME);
      audiences.add(audience);
    }
  }

  void measure(Results results) throws Exception {
    int warmUp = form.changes();
    for (int turn = 0; turn < warmUp + form.changes(); turn++) {
      for (Audience audience : audiences) {
        if (turn == warmUp) {
          audience.each.clear();
          audience.last.clear();
        }
        audience.change(turn);
      }
    }
    String title = "Tell %d watchers of a change, until ".formatted(form.watchers());
    Group each = results.group(new Group(title + "one knows", Unit.MILLISECONDS, null));
    Group last = results.group(new Group(title + "the last knows", Unit.MILLISECONDS, null));
    for (Audience audience : audiences) {
      String name = audience.server.name();
      String note = name.equals("Redis") ? NOT_DURABLE : "";
      each.add(name, audience.each, note);
      Goal[] goals =
          name.equals(Results.METAKEY) ? new Goal[] {Goal.aheadOf("etcd", WHY)} : new Goal[0];
      last.add(name, audience.last, note, goals);
    }
  }

  @Override
  public void close() throws Exception {
    opened.close();
  }
}
