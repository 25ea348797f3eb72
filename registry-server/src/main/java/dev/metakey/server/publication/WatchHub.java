package dev.metakey.server.publication;

import dev.metakey.model.Change;
import dev.metakey.model.LimitUse;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.engine.Budget;
import dev.metakey.server.engine.CommitListener;
import dev.metakey.server.engine.Defects;
import dev.metakey.server.engine.Shares;
import dev.metakey.server.log.Event;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells watchers what was committed. Each is told the whole state first, or the changes since a
 * revision that it names; then every change in order, none twice, none missing.
 *
 * <p><b>Memory.</b> There is no queue for a watcher, only its cursor: the revision that it was told
 * last. The newest {@value RecentChanges#MOST} changes are kept once for all of them. A watcher is
 * told more only when its stream can take it; one that falls behind what is kept gets the whole
 * state again. One that resumes from further back is caught up from the store, a page at a time.
 *
 * <p><b>Concurrency.</b> The writer appends to the recent changes and goes on. Each watcher is
 * talked to by one thread, that of its connection: so it needs no lock, a slow one only keeps
 * itself waiting, and what one thread says to many is handed to it once. A thread tells {@value
 * #AT_ONCE} of them before it looks what has come in. What the store keeps is read by {@code
 * registry-watch}, as connections do not wait for a disk.
 */
public final class WatchHub implements CommitListener, AutoCloseable {
  private static final int PAGE = 500;
  private static final int AT_ONCE = 16;
  private static final long GRACE_S = 5;

  private final Supplier<Snapshot> snapshots;
  private final History history;
  private final ExecutorService reader =
      Executors.newSingleThreadExecutor(task -> new Thread(task, "registry-watch"));
  private final Defects defects = new Defects("telling watchers of changes");
  private final Budget budget;
  private final Shares shares;
  private final AtomicLong numbers = new AtomicLong();
  private final Map<Executor, Audience> audiences = new ConcurrentHashMap<>();
  private final RecentChanges recent;
  private volatile boolean closed;

  /** The changes that the store keeps. */
  @FunctionalInterface
  public interface History {
    /** See {@link dev.metakey.server.engine.Engine#history}. */
    List<Change> after(long revision, int limit);
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
   * @param shares what each may have
   */
  public WatchHub(
      Supplier<Snapshot> snapshots, History history, Limits.Bound bound, Shares shares) {
    this.budget = new Budget(bound);
    this.shares = shares;
    this.snapshots = snapshots;
    this.recent = new RecentChanges(snapshots.get());
    this.history = history;
  }

  @Override
  public void committed(Snapshot snapshot, List<Change> changes) {
    recent.add(snapshot, changes);
    audiences.values().forEach(Audience::news);
  }

  /** How many watches are open. */
  public int size() {
    return (int) budget.total();
  }

  /** How much is used of the limit of watches. */
  public LimitUse limit() {
    return budget.use("watches");
  }

  /** How many revisions behind the watcher is that is furthest behind; 0 if none is. */
  public long lag() {
    long revision = recent.head().info().revision();
    return audiences.values().stream()
        .flatMap(audience -> audience.watchers.stream())
        .mapToLong(watcher -> watcher.cursor)
        .filter(cursor -> cursor != Watcher.NOTHING_YET)
        .map(cursor -> revision - cursor)
        .reduce(0, Math::max);
  }

  /**
   * Begins to tell a subscriber, at once.
   *
   * @param since where to resume; null to begin with the whole state
   * @param thread talks to the subscriber; one thread, and the same one for many of them
   * @throws MetakeyException TOO_MANY_WAITERS or UNAVAILABLE
   */
  public Watcher subscribe(
      @Nullable Since since, Subscriber subscriber, Peer peer, Executor thread) {
    Budget.Full full =
        budget.take(peer.uid(), shares.isAdmin(peer), shares.quota(peer).watches(), 1);
    if (full != null) {
      throw full.refusal(Reason.TOO_MANY_WAITERS, "end one, or read the published files");
    }
    Audience audience = audiences.computeIfAbsent(thread, Audience::new);
    Watcher watcher = new Watcher(since, subscriber, peer.uid(), audience);
    audience.watchers.add(watcher);
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

  private void submit(Executor thread, Runnable task) {
    try {
      thread.execute(defects.guard(task));
    } catch (RejectedExecutionException e) {
      // the thread of that connection has ended, and nobody is there to be told
    }
  }

  /**
   * Has the thread do it after it has looked what has come in. An event loop does all tasks that it
   * has, and those that they add, before it reads again; what is due at a time comes after that.
   */
  private void submitAfterReading(Executor thread, Runnable task) {
    if (!(thread instanceof ScheduledExecutorService loop)) {
      submit(thread, task);
      return;
    }
    try {
      var unused = loop.schedule(defects.guard(task), 0, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // as in submit
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
    List<Audience> told = List.copyOf(audiences.values());
    CountDownLatch untold = new CountDownLatch(told.size());
    for (Audience audience : told) {
      submit(audience.thread, () -> audience.watchers.forEach(Watcher::finish));
      submit(audience.thread, untold::countDown);
    }
    if (!untold.await(GRACE_S, TimeUnit.SECONDS)) {
      Event.WATCHERS_UNTOLD.say(
          "watchers could not be told in %d s that the daemon stops".formatted(GRACE_S));
    }
    reader.shutdown();
    var unused = reader.awaitTermination(GRACE_S, TimeUnit.SECONDS); // it reads the store
  }

  /** Those to whom one thread talks. */
  private final class Audience {
    private final Executor thread;
    private final Set<Watcher> watchers = // those of one connection are together
        new ConcurrentSkipListSet<>(Comparator.comparingLong((Watcher watcher) -> watcher.number));
    private final AtomicBoolean telling = new AtomicBoolean();

    private Audience(Executor thread) {
      this.thread = thread;
    }

    /** There is something new. From any thread. */
    private void news() {
      if (!watchers.isEmpty() && telling.compareAndSet(false, true)) {
        submit(thread, () -> tell(watchers.iterator(), recent.head()));
      }
    }

    /** Tells the next of them, and comes back for the rest. */
    private void tell(Iterator<Watcher> rest, Snapshot newest) {
      for (int i = 0; i < AT_ONCE && rest.hasNext(); i++) {
        rest.next().tell();
      }
      if (rest.hasNext()) {
        submitAfterReading(thread, () -> tell(rest, newest));
        return;
      }
      telling.set(false);
      if (newest != recent.head()) { // the first were not told of that
        news();
      }
    }
  }

  /** A subscriber's place in the stream of changes. */
  public final class Watcher {
    private static final long NOTHING_YET = -1;

    private final Subscriber subscriber;
    private final @Nullable Since since;
    private final int uid;
    private final long number = numbers.getAndIncrement();
    private final Audience audience;
    private final AtomicBoolean queued = new AtomicBoolean();
    private volatile long cursor = NOTHING_YET; // its thread sets it
    private volatile boolean left;
    private boolean catchingUp;
    private boolean reading;

    private Watcher(@Nullable Since since, Subscriber subscriber, int uid, Audience audience) {
      this.since = since;
      this.uid = uid;
      this.audience = audience;
      this.subscriber = subscriber;
    }

    /**
     * Notes that the subscriber may be ready for more. For any thread. One that was told everything
     * is not looked at: it is ready each time that it has read something, and the next commit finds
     * it ready.
     */
    public void ready() {
      if (cursor != recent.head().info().revision() && queued.compareAndSet(false, true)) {
        submit(
            audience.thread,
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
      left = true;
      boolean wasThere = audience.watchers.remove(this);
      if (wasThere) {
        budget.give(uid, 1);
      }
      return wasThere;
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
      if (cursor != NOTHING_YET && !reading) {
        telling(this::tellNext);
      }
      end(stopping());
    }

    private void tell() {
      telling(
          () -> {
            boolean more = true;
            while (more && !reading && !left && subscriber.isReady()) {
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
      RecentChanges.News news = recent.after(cursor);
      if (news != null) {
        catchingUp = false;
        return changes(news.info(), news.changes());
      }
      return catchingUp ? readPage() : state();
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

    /** Has a page of what the store keeps read, and tells it then. */
    private boolean readPage() {
      reading = true;
      var unused =
          CompletableFuture.supplyAsync(this::stored, reader)
              .whenCompleteAsync(
                  (page, defect) -> {
                    reading = false;
                    if (!left) {
                      telling(() -> page(page, defect));
                      tell();
                    }
                  },
                  audience.thread);
      return false;
    }

    private List<Change> stored() {
      try {
        return history.after(cursor, PAGE);
      } catch (MetakeyException unreadable) {
        Event.HISTORY_UNREADABLE.say(
            "a watcher gets the state, not the changes: " + unreadable.text());
        return List.of();
      }
    }

    /** A page of what the store keeps; the state where it no longer does. */
    private void page(@Nullable List<Change> page, @Nullable Throwable defect) {
      if (page == null) {
        throw new IllegalStateException("the history could not be read", defect);
      }
      boolean isOther =
          since != null && !since.registryId().equals(recent.head().info().registryId());
      if (isOther || page.isEmpty() || page.get(0).revision() != cursor + 1) {
        state();
      } else {
        changes(recent.head().info().withRevision(page.get(page.size() - 1).revision()), page);
      }
    }
  }
}
