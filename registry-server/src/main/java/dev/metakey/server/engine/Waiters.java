package dev.metakey.server.engine;

import dev.metakey.model.Field;
import dev.metakey.model.LimitUse;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Pending;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Refusals;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The resolves that wait for names. Times are milliseconds since the host booted.
 *
 * <p><b>Concurrency.</b> The set is guarded by this object's lock; futures are completed outside of
 * it. No answer is missed: a waiter looks at the snapshot after it took the lock, and the writer
 * swaps the snapshot before it takes the lock to look at the waiters; so one of the two sees the
 * other.
 */
final class Waiters {
  private static final long NOBODY_SLEEPS = Long.MIN_VALUE;

  private final Supplier<Snapshot> snapshots;
  private final Budget budget;
  private final Shares shares;
  private final Set<Waiter> waiting = new LinkedHashSet<>();
  private long sleepsUntilMs = NOBODY_SLEEPS;
  private boolean woken;
  private @Nullable MetakeyException refusal;

  private long last;

  /**
   * @param number counts those who came, from 1
   */
  private record Waiter(
      long number,
      List<String> names,
      Peer peer,
      long sinceMs,
      long untilMs,
      CompletableFuture<Reply<List<Field>>> answer) {
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  /**
   * @param bound how many resolves may wait at a time; more are refused
   * @param shares what each may have
   */
  Waiters(Supplier<Snapshot> snapshots, Limits.Bound bound, Shares shares) {
    this.snapshots = snapshots;
    this.budget = new Budget(bound);
    this.shares = shares;
  }

  /** See {@link Engine#await}. */
  CompletableFuture<Reply<List<Field>>> add(
      List<String> names, Peer peer, long nowMs, long untilMs) {
    Waiter waiter;
    synchronized (this) {
      Reply<List<Field>> found = resolve(snapshots.get(), names);
      if (found != null) {
        return CompletableFuture.completedFuture(found);
      }
      if (refusal != null) {
        return CompletableFuture.failedFuture(refusal);
      }
      Budget.Full full =
          budget.take(peer.uid(), shares.isAdmin(peer), shares.quota(peer).waits(), 1);
      if (full != null) {
        return CompletableFuture.failedFuture(
            full.refusal(
                Reason.TOO_MANY_WAITERS, "ask without waiting, or later", shares.rule(peer)));
      }
      waiter = new Waiter(++last, names, peer, nowMs, untilMs, new CompletableFuture<>());
      waiting.add(waiter);
      if (untilMs < sleepsUntilMs) {
        wake();
      }
    }
    var unused = waiter.answer.whenComplete((reply, failure) -> remove(waiter)); // or cancelled
    return waiter.answer;
  }

  /** Answers those whose names are all known now. */
  void committed() {
    Snapshot snapshot = snapshots.get();
    for (Waiter waiter : all()) {
      Reply<List<Field>> found = resolve(snapshot, waiter.names);
      if (found != null) {
        remove(waiter);
        waiter.answer.complete(found);
      }
    }
  }

  /** Refuses those whose deadline came. */
  void expire(long nowMs) {
    for (Waiter waiter : all()) {
      if (waiter.untilMs <= nowMs) {
        remove(waiter);
        waiter.answer.completeExceptionally(tooLate(snapshots.get(), waiter));
      }
    }
  }

  /** Refuses all who wait, and from now on all who would. */
  void refuseAll(MetakeyException why) {
    List<Waiter> refused;
    synchronized (this) {
      refusal = why;
      refused = all();
      wake();
    }
    for (Waiter waiter : refused) {
      remove(waiter);
      waiter.answer.completeExceptionally(why);
    }
  }

  /**
   * Returns when a deadline has come, somebody woke the caller, or the time is over. Only one
   * thread may call this.
   *
   * @param maxWaitMs milliseconds; 0: do not wait
   */
  @SuppressWarnings("WaitNotInLoop") // the caller loops
  synchronized void awaitDeadline(long nowMs, long maxWaitMs) throws InterruptedException {
    long untilMs = Math.min(nowMs + maxWaitMs, nextDeadlineMs());
    if (untilMs > nowMs && !woken) {
      sleepsUntilMs = untilMs;
      wait(untilMs - nowMs);
      sleepsUntilMs = NOBODY_SLEEPS;
    }
    woken = false;
  }

  /** When the first deadline comes; Long.MAX_VALUE if nobody waits. */
  synchronized long nextDeadlineMs() {
    return waiting.stream().mapToLong(Waiter::untilMs).min().orElse(Long.MAX_VALUE);
  }

  /** Ends the sleep of whoever waits for a deadline. */
  synchronized void wake() {
    woken = true;
    notifyAll();
  }

  LimitUse use() {
    return budget.use("waits");
  }

  /** How many wait. */
  synchronized int size() {
    return waiting.size();
  }

  /**
   * One page of those who wait, in the order in which they came.
   *
   * @param after the number after which the page begins; 0 for the first page
   * @param wallMinusBootMs what is to be added to the times here for people to read
   */
  PendingPage pending(long after, int limit, long wallMinusBootMs) {
    Snapshot snapshot = snapshots.get();
    List<Waiter> page =
        all().stream()
            .filter(waiter -> Long.compareUnsigned(waiter.number, after) > 0)
            .limit(limit)
            .toList();
    List<Pending> pending =
        page.stream()
            .map(
                w ->
                    new Pending(
                        w.peer,
                        w.names,
                        missing(snapshot, w.names),
                        w.sinceMs + wallMinusBootMs,
                        w.untilMs + wallMinusBootMs))
            .toList();
    return new PendingPage(pending, page.size() < limit ? 0 : page.get(limit - 1).number);
  }

  private synchronized List<Waiter> all() {
    return waiting.isEmpty() ? List.of() : new ArrayList<>(waiting);
  }

  private synchronized void remove(Waiter waiter) {
    if (waiting.remove(waiter)) {
      budget.give(waiter.peer.uid(), 1);
    }
  }

  private static @Nullable Reply<List<Field>> resolve(Snapshot snapshot, List<String> names) {
    List<Field> fields = new ArrayList<>(names.size());
    for (String name : names) {
      Field field = snapshot.resolve(name);
      if (field == null) {
        return null;
      }
      fields.add(field);
    }
    return new Reply<>(snapshot.info(), fields);
  }

  private static List<String> missing(Snapshot snapshot, List<String> names) {
    return names.stream().filter(name -> snapshot.resolve(name) == null).toList();
  }

  private static MetakeyException tooLate(Snapshot snapshot, Waiter waiter) {
    MetakeyException unknown = Refusals.unknown(snapshot, missing(snapshot, waiter.names));
    return new MetakeyException(
        Reason.DEADLINE_EXCEEDED,
        "waited %d ms: %s".formatted(waiter.untilMs - waiter.sinceMs, unknown.text()),
        unknown.facts());
  }
}
