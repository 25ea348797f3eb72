package dev.metakey.server.publication;

import dev.metakey.model.Change;
import dev.metakey.model.LimitUse;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.engine.Budget;
import dev.metakey.server.engine.CommitListener;
import dev.metakey.server.engine.Defects;
import dev.metakey.server.engine.Shares;
import dev.metakey.server.log.Event;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
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
 * itself waiting, and what one thread says to many is handed to it once, as its {@link Audience}.
 * What the store keeps is read by {@code registry-watch}, as connections do not wait for a disk.
 */
public final class WatchHub implements CommitListener, AutoCloseable {
  private static final int PAGE = 500;
  private static final long GRACE_S = 5;

  final Supplier<Snapshot> snapshots;
  private final History history;
  private final ExecutorService reader =
      Executors.newSingleThreadExecutor(task -> new Thread(task, "registry-watch"));
  final Defects defects = new Defects("telling watchers of changes");
  private final Budget budget;
  private final Shares shares;
  private final AtomicLong numbers = new AtomicLong();
  private final Map<Executor, Audience> audiences = new ConcurrentHashMap<>();
  final RecentChanges recent;
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
        .flatMap(audience -> audience.watchers().stream())
        .mapToLong(watcher -> watcher.lag(revision))
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
      throw full.refusal(
          Reason.TOO_MANY_WAITERS, "end one, or read the published files", shares.rule(peer));
    }
    Audience audience = audiences.computeIfAbsent(thread, each -> new Audience(each, defects));
    Watcher watcher =
        new Watcher(this, since, subscriber, peer.uid(), numbers.getAndIncrement(), audience);
    audience.watchers().add(watcher);
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

  Snapshot head() {
    return recent.head();
  }

  /** Reads the next page of what the store keeps, on a thread of its own; empty if it cannot. */
  CompletableFuture<List<Change>> stored(long after) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return history.after(after, PAGE);
          } catch (MetakeyException unreadable) {
            Event.HISTORY_UNREADABLE.say(
                "a watcher gets the state, not the changes: " + unreadable.text());
            return List.of();
          }
        },
        reader);
  }

  /** Takes back the place of somebody who watched. */
  void left(int uid) {
    budget.give(uid, 1);
  }

  static MetakeyException stopping() {
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
      audience.submit(() -> audience.watchers().forEach(Watcher::finish));
      audience.submit(untold::countDown);
    }
    if (!untold.await(GRACE_S, TimeUnit.SECONDS)) {
      Event.WATCHERS_UNTOLD.say(
          "watchers could not be told in %d s that the daemon stops".formatted(GRACE_S));
    }
    reader.shutdown();
    var unused = reader.awaitTermination(GRACE_S, TimeUnit.SECONDS); // it reads the store
  }
}
