package dev.metakey.server.engine;

import dev.metakey.model.Field;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Pending;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Refusals;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The resolves that wait for names.
 *
 * <p><b>Concurrency.</b> The set is guarded by this object's lock; futures are completed outside of
 * it. No answer is missed: a waiter looks at the snapshot after it took the lock, and the writer
 * swaps the snapshot before it takes the lock to look at the waiters; so one of the two sees the
 * other.
 */
final class Waiters {
  /** Resolves that may wait at a time; more are refused. */
  static final int MAX = 4096;

  private final Supplier<Snapshot> snapshots;
  private final Set<Waiter> waiting = new LinkedHashSet<>();
  private @Nullable MetakeyException refusal;

  private record Waiter(
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

  Waiters(Supplier<Snapshot> snapshots) {
    this.snapshots = snapshots;
  }

  /** See {@link Engine#await}. */
  CompletableFuture<Reply<List<Field>>> add(
      List<String> names, Peer peer, long nowMs, long untilMs) {
    Waiter waiter = new Waiter(names, peer, nowMs, untilMs, new CompletableFuture<>());
    synchronized (this) {
      Reply<List<Field>> found = resolve(snapshots.get(), names);
      if (found != null) {
        return CompletableFuture.completedFuture(found);
      }
      if (refusal != null) {
        return CompletableFuture.failedFuture(refusal);
      }
      if (waiting.size() == MAX) {
        return CompletableFuture.failedFuture(
            new MetakeyException(
                Reason.TOO_MANY_WAITERS,
                "%d calls wait for names already, and that is the most; ask without waiting, or later"
                    .formatted(MAX),
                Map.of("limit", Integer.toString(MAX), "used", Integer.toString(MAX))));
      }
      waiting.add(waiter);
    }
    var unused = waiter.answer.whenComplete((reply, failure) -> remove(waiter)); // or cancelled
    return waiter.answer;
  }

  /** Answers those whose names are all there now. */
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
      waiting.clear();
    }
    refused.forEach(waiter -> waiter.answer.completeExceptionally(why));
  }

  /** When the first deadline comes, milliseconds since 1970; Long.MAX_VALUE where nobody waits. */
  synchronized long nextDeadlineMs() {
    long next = Long.MAX_VALUE;
    for (Waiter waiter : waiting) {
      next = Math.min(next, waiter.untilMs);
    }
    return next;
  }

  List<Pending> pending() {
    Snapshot snapshot = snapshots.get();
    return all().stream()
        .map(w -> new Pending(w.peer, w.names, missing(snapshot, w.names), w.sinceMs, w.untilMs))
        .toList();
  }

  private synchronized List<Waiter> all() {
    return waiting.isEmpty() ? List.of() : new ArrayList<>(waiting);
  }

  private synchronized void remove(Waiter waiter) {
    waiting.remove(waiter);
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
