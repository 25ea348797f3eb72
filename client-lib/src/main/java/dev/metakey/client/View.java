package dev.metakey.client;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.WARNING;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The registry in this process: kept fresh by one thread, {@code metakey-view}, and read by any
 * number of threads without a lock, an allocation or a call.
 *
 * <p>While the daemon is gone the last state stays, marked stale; if there is none yet, the
 * published file is used, marked stale too. Belongs to its client, and ends with it.
 *
 * <h2>Concurrency</h2>
 *
 * {@code snapshot} is written by the view's thread only, and read with one volatile read. Listeners
 * are told under the lock {@code telling}, which is also held while one is added: so a new listener
 * gets the present state and then every later one, none twice.
 */
public final class View {
  private static final System.Logger LOG = System.getLogger(View.class.getName());

  private final Watch watch;
  private final PublishedFile published;
  private final Thread thread = new Thread(this::run, "metakey-view");
  private final Object telling = new Object();
  private final List<ViewListener> listeners = new CopyOnWriteArrayList<>();

  /** Counted down once there is a snapshot, or a problem. */
  private final CountDownLatch started = new CountDownLatch(1);

  private volatile @Nullable Snapshot snapshot;
  private volatile @Nullable MetakeyException problem;
  private volatile boolean stale = true;

  /** The state was read from the published file, which has less to tell than the daemon. */
  private boolean fromFile;

  View(Connection connection, PublishedFile published) {
    this.watch = new Watch(connection, null, f -> f instanceof MetakeyException, closed -> {});
    this.published = published;
    thread.setDaemon(true);
  }

  /** What the name stands for; null unless it is active, well-known or foreign. */
  public @Nullable Field get(String name) {
    return snapshot().resolve(name);
  }

  /**
   * The field that has the id; null unless it is active, well-known or foreign.
   *
   * @param id any number
   */
  public @Nullable Field get(int id) {
    Field field = snapshot().byId(id);
    return field != null && field.isResolvable() ? field : null;
  }

  /** The whole state, for several look-ups that must agree, and for fields in other states. */
  public Snapshot snapshot() {
    return Objects.requireNonNull(snapshot); // nobody gets a view that has none
  }

  /** Whether the daemon cannot be reached, so that newer changes may exist. */
  public boolean isStale() {
    return stale;
  }

  /**
   * Tells the listener the present state at once, on the calling thread, and every later one on the
   * view's thread.
   */
  public void addListener(ViewListener listener) {
    synchronized (telling) {
      listeners.add(listener);
      tell(listener, snapshot(), List.of());
      if (stale) {
        tellStaleness(listener, true);
      }
    }
  }

  /** Does nothing if it was never added. */
  public void removeListener(ViewListener listener) {
    listeners.remove(listener);
  }

  void start() {
    thread.start();
  }

  /**
   * Waits until there is a state.
   *
   * @throws MetakeyException UNAVAILABLE if neither daemon nor file gave one
   */
  void awaitState(Duration patience) {
    try {
      if (!started.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new MetakeyException(
            Reason.UNAVAILABLE,
            "the metakey daemon sent no state within %d ms".formatted(patience.toMillis()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Retry.interrupted(e);
    }
    MetakeyException why = problem;
    if (snapshot == null && why != null) {
      throw new MetakeyException(why.reason(), why.text(), why.facts(), why);
    }
  }

  void close() {
    watch.close();
    Threads.awaitEnd(thread);
  }

  private void run() {
    boolean closed = false;
    while (!closed) {
      try {
        while (watch.hasNext()) {
          accept(watch.next());
        }
        closed = true;
      } catch (RuntimeException e) {
        LOG.log(ERROR, "the view of the metakey registry starts over", e);
        mark(true);
        watch.restart();
      }
    }
    mark(true);
  }

  private void accept(WatchEvent event) {
    if (event instanceof WatchEvent.State state) {
      acceptState(state.snapshot());
    } else if (event instanceof WatchEvent.Changes changes) {
      acceptChanges(changes);
    } else if (event instanceof WatchEvent.Disconnected disconnected) {
      acceptLoss(disconnected.cause());
    }
    started.countDown();
  }

  private void acceptState(Snapshot whole) {
    Snapshot present = snapshot;
    boolean known = present != null && !fromFile && present.info().equals(whole.info());
    if (known) {
      mark(false);
    } else {
      fromFile = false;
      publish(whole, List.of(), false);
    }
  }

  private void acceptChanges(WatchEvent.Changes changes) {
    if (changes.changes().isEmpty()) {
      mark(false);
    } else {
      publish(snapshot().with(changes.info(), changes.changes()), changes.changes(), false);
    }
  }

  private void acceptLoss(MetakeyException cause) {
    LOG.log(WARNING, "the view of the metakey registry is stale: {0}", cause.text());
    mark(true);
    if (snapshot == null) {
      try {
        Snapshot last = published.read();
        fromFile = true;
        publish(last, List.of(), true);
      } catch (IOException e) {
        cause.addSuppressed(e);
        problem = cause;
      }
    }
  }

  private void publish(Snapshot next, List<Change> changes, boolean isStale) {
    synchronized (telling) {
      snapshot = next;
      boolean turned = stale != isStale;
      stale = isStale;
      for (ViewListener listener : listeners) {
        tell(listener, next, changes);
        if (turned) {
          tellStaleness(listener, isStale);
        }
      }
    }
  }

  private void mark(boolean isStale) {
    synchronized (telling) {
      if (stale != isStale) {
        stale = isStale;
        listeners.forEach(listener -> tellStaleness(listener, isStale));
      }
    }
  }

  private static void tell(ViewListener listener, Snapshot snapshot, List<Change> changes) {
    try {
      listener.changed(snapshot, changes);
    } catch (RuntimeException | Error e) {
      LOG.log(ERROR, "a listener of the metakey view failed at " + snapshot.info(), e);
    }
  }

  private static void tellStaleness(ViewListener listener, boolean stale) {
    try {
      listener.staleness(stale);
    } catch (RuntimeException | Error e) {
      LOG.log(ERROR, "a listener of the metakey view failed when told stale=" + stale, e);
    }
  }
}
