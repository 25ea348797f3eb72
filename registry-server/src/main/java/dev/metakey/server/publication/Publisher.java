package dev.metakey.server.publication;

import dev.metakey.files.Failure;
import dev.metakey.model.Change;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.engine.CommitListener;
import dev.metakey.server.engine.Worker;
import dev.metakey.server.log.Event;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Publishes the newest committed state through every outlet, on the thread {@code
 * registry-publisher}: the first change at once, and further ones every {@value #PAUSE_MS} ms at
 * most, so that many changes do not cost many files; states in between are skipped. What fails is
 * reported, and tried again every {@value #RETRY_MS} ms; what somebody removed is published again
 * within {@value #LOOK_MS} ms. None of this ever holds up the registry.
 *
 * <p>But where readers take an outlet's word for the daemon's own ({@link Outlet#speaksForDaemon}),
 * a change that ends a name is published there by the writer, before anybody sees the change: once
 * a release is answered, nobody reads the old id. A new name can wait: a reader that does not find
 * it asks the daemon.
 */
public final class Publisher implements CommitListener, AutoCloseable {
  private static final long NEVER = DaemonStatus.Publication.NEVER;
  private static final long RETRY_MS = 1_000;
  private static final long PAUSE_MS = 10;
  private static final long LOOK_MS = 5_000;

  private final List<Tracked> outlets;
  private final Worker worker =
      new Worker("registry-publisher", "publishes the files and maps", this::nextTurn);
  private Snapshot newest;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final CountDownLatch firstTurn = new CountDownLatch(1);
  private boolean changed = true;
  private boolean failing;

  /**
   * @param first what to publish at once
   */
  public Publisher(Snapshot first, List<Outlet> outlets) {
    this.newest = first;
    this.outlets = outlets.stream().map(Tracked::new).toList();
  }

  /** When this returns, what speaks for the daemon is published, if it can be. */
  public void start() {
    speak();
    worker.start();
  }

  @Override
  public void durable(Snapshot snapshot, List<Change> changes) {
    if (changes.stream().anyMatch(Change::endsName)) {
      synchronized (this) {
        newest = snapshot;
      }
      speak();
    }
  }

  private void speak() {
    publishWhere(Outlet::speaksForDaemon);
  }

  @Override
  public void retagged() {
    publishWhere(outlet -> outlet.secret() != null);
  }

  private void publishWhere(Predicate<Outlet> which) {
    for (Tracked tracked : outlets) {
      if (which.test(tracked.outlet)) {
        var unused = tracked.publish(this::newest);
      }
    }
  }

  @Override
  public synchronized void committed(Snapshot snapshot, List<Change> changes) {
    newest = snapshot;
    changed = true;
    notifyAll();
  }

  public List<DaemonStatus.Publication> status() {
    return outlets.stream().map(Tracked::status).toList();
  }

  /** Whether what is published at the path now speaks for the daemon. */
  public boolean speaksAt(Path path) {
    return outlets.stream()
        .filter(tracked -> tracked.outlet.speaksForDaemon())
        .filter(tracked -> tracked.outlet.path().equals(path))
        .map(Tracked::status)
        .anyMatch(status -> status.isPublished() && status.problem().isEmpty());
  }

  /** Whether the thread runs, or was told to end. */
  public boolean isWell() {
    return !worker.isLost();
  }

  /** What is wrong besides what {@link #status} tells. */
  public List<String> problems() {
    return worker.problems();
  }

  /** Returns when every outlet has published once, or has failed to. */
  public void awaitFirst() throws InterruptedException {
    firstTurn.await();
  }

  private boolean nextTurn() throws InterruptedException {
    try {
      return takeTurn();
    } finally {
      firstTurn.countDown();
    }
  }

  private boolean takeTurn() throws InterruptedException {
    if (!awaitWork()) {
      return false;
    }
    failing = true; // in case this turn does not come to its end
    boolean failed = false;
    boolean wrote = false;
    for (Tracked outlet : outlets) {
      Snapshot snapshot = newest();
      if (outlet.isDone(snapshot)) {
        outlet.note(snapshot);
      } else {
        wrote = true;
        failed |= !outlet.publish(this::newest);
      }
    }
    failing = failed;
    if (wrote) {
      var unused = stopping.await(PAUSE_MS, TimeUnit.MILLISECONDS);
    }
    return true;
  }

  /**
   * Waits until there may be something to publish, and returns true; false if the thread is to
   * stop.
   */
  private synchronized boolean awaitWork() throws InterruptedException {
    long lookAtNs = System.nanoTime() + (failing ? RETRY_MS : LOOK_MS) * 1_000_000;
    while (!changed && stopping.getCount() > 0) {
      long leftMs = (lookAtNs - System.nanoTime()) / 1_000_000;
      if (leftMs <= 0) {
        return true;
      }
      wait(leftMs);
    }
    boolean work = changed;
    changed = false;
    return work;
  }

  private synchronized Snapshot newest() {
    return newest;
  }

  /** Publishes what was committed last, and ends the thread. */
  @Override
  public void close() throws InterruptedException {
    stopping.countDown();
    synchronized (this) {
      notifyAll();
    }
    worker.join();
    outlets.forEach(Tracked::close);
  }

  /** An outlet, and how it fares. */
  private static final class Tracked {
    private final Outlet outlet;
    private volatile DaemonStatus.Publication status;
    private @Nullable Object published; // what was due then

    Tracked(Outlet outlet) {
      this.outlet = outlet;
      this.status =
          new DaemonStatus.Publication(outlet.name(), outlet.path().toString(), NEVER, "");
    }

    DaemonStatus.Publication status() {
      return status;
    }

    /** Whether what is due in a state is published, and nobody has removed it since. */
    synchronized boolean isDone(Snapshot snapshot) {
      try {
        return due(snapshot).equals(published) && outlet.isIntact();
      } catch (RuntimeException | Error defect) { // publishing meets it too, and tells
        return false;
      }
    }

    /** Notes that what is published is that of a state. */
    synchronized void note(Snapshot snapshot) {
      if (status.revision() != snapshot.info().revision()) {
        status = status(snapshot.info().revision(), "");
      }
    }

    /** What is published of a state: where it is equal, there is nothing to do. */
    private Object due(Snapshot snapshot) {
      RegistryInfo info = snapshot.info();
      LinkSecret secret = outlet.secret();
      return secret == null
          ? info.revision()
          : List.of(info.registryId(), info.layout(), info.areaBytes(), secret);
    }

    /**
     * Publishes the newest state, and returns whether that worked.
     *
     * @param newest asked under the lock, so that nobody puts an older state over it
     */
    synchronized boolean publish(Supplier<Snapshot> newest) {
      try {
        Snapshot snapshot = newest.get();
        Object next = due(snapshot);
        published = null;
        outlet.publish(snapshot);
        if (!status.problem().isEmpty()) {
          Event.PUBLICATION_WORKS
              .with("outlet", outlet.name())
              .say(outlet.path() + " can be published again");
        }
        status = status(snapshot.info().revision(), "");
        published = next;
        return true;
      } catch (IOException e) {
        fail(Failure.words(e), null);
      } catch (InternalError e) { // what the JVM makes of a SIGBUS
        fail("the file was cut while it was written, or its disk failed", null);
      } catch (RuntimeException | Error defect) {
        fail("a defect of metakeyd; its log says more, please report it", defect);
      }
      return false;
    }

    synchronized void close() {
      try {
        outlet.close();
      } catch (IOException e) {
        Event.CLOSE_FAILED.say(
            "%s cannot be closed: %s".formatted(outlet.path(), Failure.words(e)));
      }
    }

    /** Logs a problem only if it is a new one. */
    private void fail(String why, @Nullable Throwable defect) {
      String path = outlet.path().toString();
      String said = why.startsWith(path + ": ") ? why.substring(path.length() + 2) : why;
      String problem = "%s cannot be published: %s".formatted(path, said);
      if (!status.problem().equals(problem)) {
        Event.PUBLICATION_FAILED
            .with("outlet", outlet.name())
            .say(problem + "; trying again every second", defect);
      }
      status = status(status.revision(), problem);
    }

    private DaemonStatus.Publication status(long revision, String problem) {
      return new DaemonStatus.Publication(
          outlet.name(), outlet.path().toString(), revision, problem);
    }
  }
}
