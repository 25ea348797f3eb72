package dev.metakey.server.publication;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.engine.Budget;
import dev.metakey.server.engine.CommitListener;
import dev.metakey.server.engine.Defects;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells watchers what was committed. Each is told the whole state first, or the changes since a
 * revision that it names; then every change in order, none twice, none missing.
 *
 * <p><b>Memory.</b> There is no queue for a watcher, only its cursor: the revision that it was told
 * last. The newest {@value #RECENT} changes are kept once for all of them. A watcher is told more
 * only when its stream can take it; one that falls behind what is kept gets the whole state again.
 * One that resumes from further back is caught up from the store, a page at a time.
 *
 * <p><b>Concurrency.</b> The writer appends under the lock of {@code recent} and goes on. One
 * thread, {@code registry-watch}, talks to all watchers, so that a watcher needs no lock and a slow
 * one only keeps itself waiting.
 */
public final class WatchHub implements CommitListener, AutoCloseable {
  private static final int RECENT = 1024;
  private static final int PAGE = 500;
  private static final Logger log = LoggerFactory.getLogger(WatchHub.class);

  private final Supplier<Snapshot> snapshots;
  private final History history;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(task -> new Thread(task, "registry-watch"));
  private final Defects defects =
      new Defects("the thread registry-watch, which tells watchers of changes,");
  private final Budget budget;
  private final Predicate<Peer> isAdmin;
  private final Set<Watcher> watchers = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private final Deque<Change> recent = new ArrayDeque<>();
  private volatile Snapshot head; // what the last of them led to; set with the lock of recent
  private List<Change> news = List.of(); // this and the next two: for the hub's thread
  private long newsAfter;
  private long newsUpTo;
  private volatile boolean closed;

  /** The changes that the store keeps. */
  @FunctionalInterface
  public interface History {
    /** See {@link dev.metakey.server.engine.Engine#history}. */
    List<Change> after(long revision, int limit);
  }

  /** Somebody who watches. Called on the hub's thread only, except {@link #isReady}. */
  public interface Subscriber {
    /** Whether more can be told without buffering it. */
    boolean isReady();

    /** The whole state: forget what you had. */
    void state(Snapshot snapshot);

    /**
     * What came next.
     *
     * @param info the state that the changes lead to
     * @param changes the same object for all who are told the same
     */
    void changes(RegistryInfo info, List<Change> changes);

    /** There will be no more. */
    void end(MetakeyException why);
  }

  /**
   * From where to resume.
   *
   * @param revision unsigned, as it came; one that was never reached is answered with the state
   */
  public record Since(UUID registryId, long revision) {}

  /**
   * @param snapshots the committed state. It may be ahead of what the hub was told: callers are
   *     answered first, and one that watches then must not be shown a state before its own change.
   * @param bound how many watches may be open
   * @param isAdmin who may use the reserve
   */
  public WatchHub(
      Supplier<Snapshot> snapshots, History history, Budget.Bound bound, Predicate<Peer> isAdmin) {
    this.budget = new Budget(bound);
    this.isAdmin = isAdmin;
    this.snapshots = snapshots;
    this.head = snapshots.get();
    this.history = history;
  }

  @Override
  public void committed(Snapshot snapshot, List<Change> changes) {
    synchronized (recent) {
      head = snapshot;
      recent.addAll(changes);
      while (recent.size() > RECENT) {
        recent.removeFirst();
      }
    }
    if (!watchers.isEmpty() && scheduled.compareAndSet(false, true)) {
      submit(
          () -> {
            scheduled.set(false);
            watchers.forEach(Watcher::tell);
          });
    }
  }

  /** How many watches are open. */
  public int size() {
    return watchers.size();
  }

  /**
   * Begins to tell a subscriber, at once.
   *
   * @param since where to resume; null to begin with the whole state
   * @throws MetakeyException TOO_MANY_WAITERS or UNAVAILABLE
   */
  public Watcher subscribe(@Nullable Since since, Subscriber subscriber, Peer peer) {
    Budget.Full full = budget.take(peer.uid(), isAdmin.test(peer), 1);
    if (full != null) {
      throw full.refusal(Reason.TOO_MANY_WAITERS, "end one, or read the published files");
    }
    Watcher watcher = new Watcher(since, subscriber, peer.uid());
    watchers.add(watcher);
    if (closed && watcher.leave()) { // or it is among those whom close() tells
      throw stopping();
    }
    watcher.ready();
    return watcher;
  }

  /** What an admin should know; empty if all is well. */
  public List<String> problems() {
    return defects.problems();
  }

  private void submit(Runnable task) {
    try {
      thread.execute(defects.guard(task));
    } catch (RejectedExecutionException e) {
      log.debug("nobody is told any more", e);
    }
  }

  private static MetakeyException stopping() {
    return new MetakeyException(
        Reason.UNAVAILABLE, "metakeyd is stopping; watch again, from the revision you have");
  }

  /**
   * Tells every watcher the last changes, whether it has read the rest or not, and ends its watch.
   */
  @Override
  public void close() throws InterruptedException {
    closed = true;
    submit(() -> watchers.forEach(Watcher::finish));
    thread.shutdown();
    if (!thread.awaitTermination(5, TimeUnit.SECONDS)) {
      log.warn("watchers could not be told in 5 s that the daemon stops");
    }
  }

  /** A subscriber's place in the stream of changes. */
  public final class Watcher {
    private static final long NOTHING_YET = -1;

    private final Subscriber subscriber;
    private final @Nullable Since since;
    private final int uid;
    private final AtomicBoolean queued = new AtomicBoolean();
    private volatile long cursor = NOTHING_YET; // the hub's thread sets it
    private boolean catchingUp;

    private Watcher(@Nullable Since since, Subscriber subscriber, int uid) {
      this.since = since;
      this.uid = uid;
      this.subscriber = subscriber;
    }

    /**
     * Notes that the subscriber may be ready for more. For any thread. One that was told everything
     * is not looked at: it is ready each time that it has read something, and the next commit finds
     * it ready.
     */
    public void ready() {
      if (cursor != head.info().revision() && queued.compareAndSet(false, true)) {
        submit(
            () -> {
              queued.set(false);
              tell();
            });
      }
    }

    /** Ends the watch, as nobody listens any more. For any thread. */
    public void cancel() {
      var unused = leave();
    }

    /** Gives the watch's place back; returns whether it still had one. */
    private boolean leave() {
      boolean left = watchers.remove(this);
      if (left) {
        budget.give(uid, 1);
      }
      return left;
    }

    private void end(MetakeyException why) {
      if (!leave()) {
        return; // it has ended
      }
      try {
        subscriber.end(why);
      } catch (RuntimeException | Error defect) { // the others are to be told all the same
        defects.met(defect);
      }
    }

    private void finish() {
      if (cursor != NOTHING_YET) {
        telling(this::tellNext);
      }
      end(stopping());
    }

    private void tell() {
      telling(
          () -> {
            boolean more = true;
            while (more && watchers.contains(this) && subscriber.isReady()) {
              more = tellNext();
            }
          });
    }

    /**
     * Tells messages, and ends the watch if that fails: a refusal is passed on, and anything else
     * is a defect.
     */
    private void telling(Runnable messages) {
      try {
        messages.run();
      } catch (MetakeyException e) {
        end(e);
      } catch (RuntimeException | Error defect) { // out of memory, say: the others go on
        defects.met(defect);
        end(
            new MetakeyException(
                Reason.INTERNAL,
                "metakeyd could not tell this watch any more; watch again, from the revision you have",
                Map.of(),
                defect));
      }
    }

    /** Tells one message, and returns whether there may be another. */
    private boolean tellNext() {
      if (cursor == NOTHING_YET) {
        return begin();
      }
      RegistryInfo info;
      List<Change> news;
      boolean known;
      synchronized (recent) {
        info = head.info();
        known = firstRecent() <= cursor + 1;
        news = known ? newsAfter(cursor, info) : List.of();
      }
      if (known) {
        catchingUp = false;
        return changes(info, news);
      }
      return catchingUp ? page(info) : state();
    }

    private boolean begin() {
      RegistryInfo info = snapshots.get().info();
      if (since == null
          || !since.registryId().equals(info.registryId())
          || Long.compareUnsigned(since.revision(), info.revision()) > 0) {
        return state();
      }
      cursor = since.revision();
      catchingUp = true;
      if (cursor == info.revision()) {
        subscriber.changes(info, List.of());
      }
      return true;
    }

    private boolean state() {
      Snapshot now = snapshots.get();
      subscriber.state(now);
      cursor = now.info().revision();
      catchingUp = false;
      return true;
    }

    private boolean changes(RegistryInfo info, List<Change> news) {
      if (news.isEmpty()) {
        return false;
      }
      subscriber.changes(info, news);
      cursor = info.revision();
      return true;
    }

    /**
     * Tells a page of what the store keeps; or the state, if the store no longer keeps that or
     * cannot be read.
     */
    private boolean page(RegistryInfo info) {
      List<Change> page;
      try {
        page = history.after(cursor, PAGE);
      } catch (MetakeyException unreadable) {
        log.warn("a watcher gets the state, not the changes: {}", unreadable.text());
        return state();
      }
      if (page.isEmpty() || page.get(0).revision() != cursor + 1) {
        return state();
      }
      long last = page.get(page.size() - 1).revision();
      return changes(info.withRevision(last), page);
    }

    private long firstRecent() {
      return recent.isEmpty() ? head.info().revision() + 1 : recent.getFirst().revision();
    }

    /** The same list for all who are told the same. */
    private List<Change> newsAfter(long revision, RegistryInfo info) {
      if (revision == info.revision()) {
        return List.of();
      }
      if (revision != newsAfter || info.revision() != newsUpTo) {
        news = recentAfter(revision);
        newsAfter = revision;
        newsUpTo = info.revision();
      }
      return news;
    }

    private List<Change> recentAfter(long revision) {
      List<Change> news = new ArrayList<>();
      Iterator<Change> newestFirst = recent.descendingIterator();
      while (newestFirst.hasNext()) {
        Change change = newestFirst.next();
        if (change.revision() <= revision) {
          break;
        }
        news.add(change);
      }
      Collections.reverse(news);
      return news;
    }
  }
}
