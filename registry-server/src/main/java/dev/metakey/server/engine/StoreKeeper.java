package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Uses;
import dev.metakey.server.log.Event;
import dev.metakey.server.storage.Store;
import dev.metakey.server.storage.StoreException;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The writer's hold on the store: commits, and opens the store anew after a failure.
 *
 * <p><b>Concurrency.</b> Everything is for the writer's thread, except {@link #problem}, {@link
 * #isAsking} and {@link #history}.
 *
 * <p><b>Failure.</b> After a failure there is a {@link #problem}, and nothing is committed. Every
 * {@value #RETRY_MS} ms the store is opened anew. What it then holds is the truth: what was shown
 * last, perhaps with the whole batch that failed. If it is neither, somebody put another database
 * there, and the problem stays.
 */
final class StoreKeeper {
  static final long RETRY_MS = 1_000;
  private static final long CHECK_MS = 1_000;
  private static final long TRIM_MS = 60_000;
  private static final long USES_MS = 600_000;

  private final Store store;
  private final Retention retention;
  private final Runnable turned;
  private volatile @Nullable String problem;
  private volatile @Nullable LongConsumer commitTimes;
  private volatile boolean asking;
  private long retryAtMs;
  private long checkAtMs;
  private long trimAtMs;
  private long usesAtMs;
  private Uses storedUses = Uses.NONE;

  /**
   * @param turned is run when a problem begins, and when it has ended
   */
  StoreKeeper(Store store, Retention retention, Runnable turned) {
    this.store = store;
    this.retention = retention;
    this.turned = turned;
  }

  /** What keeps changes from being made; null if nothing does. For any thread. */
  @Nullable String problem() {
    return problem;
  }

  /** Whether the store was asked for something that it has not answered yet. For any thread. */
  boolean isAsking() {
    return asking;
  }

  /** Something that the store is asked for. */
  @FunctionalInterface
  private interface Request {
    void make() throws StoreException;
  }

  /**
   * Asks the store, and returns whether that worked; if not, there is a problem. After a defect
   * nobody knows what the store has done.
   *
   * @param doing what it is asked for, in a word that follows "while" in a message
   */
  private boolean ask(String doing, long nowMs, Request request) {
    asking = true;
    try {
      request.make();
      return true;
    } catch (StoreException e) {
      fail(e, nowMs);
    } catch (RuntimeException | Error defect) {
      fail(defectOf(doing, defect), nowMs);
    } finally {
      asking = false;
    }
    return false;
  }

  /** Has the time that each commit takes told, in nanoseconds. */
  void measure(LongConsumer commits) {
    commitTimes = commits;
  }

  /** Makes a state durable. Returns whether it is; if not, there is a problem. */
  boolean commit(RegistryState state, List<Change> changes, long nowMs) {
    LongConsumer measuring = commitTimes;
    long startNs = measuring == null ? 0 : System.nanoTime();
    boolean durable = ask("storing", nowMs, () -> store.commit(state, changes));
    if (measuring != null) {
      measuring.accept(System.nanoTime() - startNs);
    }
    return durable;
  }

  /**
   * Looks, once every {@value #CHECK_MS} ms, whether the store is what a later start would find. If
   * it is not, there is a problem.
   */
  void check(long nowMs) {
    if (problem == null && nowMs >= checkAtMs) {
      checkAtMs = nowMs + CHECK_MS;
      var unused = ask("looking at the store", nowMs, store::check);
    }
  }

  /**
   * Takes note of a defect in a turn of the writer. Nobody knows what it has left undone, so the
   * store has to be opened anew.
   */
  void doubt(Throwable defect, long nowMs) {
    fail(defectOf("making changes", defect), nowMs);
  }

  /**
   * Opens the store anew, if it has failed and it is time to try.
   *
   * @param shown what was committed last, as far as anybody was told
   * @param ahead if the store holds more, is given what it holds and the changes that are more
   * @return the changes that the store holds beyond that
   */
  List<Change> heal(
      RegistryState shown, BiConsumer<RegistryState, List<Change>> ahead, long nowMs) {
    if (problem == null || nowMs < retryAtMs) {
      return List.of();
    }
    asking = true;
    try {
      RegistryState stored = store.open();
      store.commit(stored, List.of()); // opening alone may succeed on a full disk
      List<Change> unseen = unseen(shown, stored);
      if (!unseen.isEmpty()) {
        ahead.accept(stored, unseen);
      }
      problem = null;
      Event.STORE_WORKS
          .with("revision", stored.revision())
          .say("the store works again, at revision " + stored.revision());
      turned.run();
      return unseen;
    } catch (StoreException e) {
      stillFailing(e, nowMs);
    } catch (RuntimeException | Error defect) {
      stillFailing(defectOf("opening the store anew", defect), nowMs);
    } finally {
      asking = false;
    }
    return List.of();
  }

  /**
   * The changes by which the store is ahead of what is shown: none, or those of the failed batch.
   *
   * @throws StoreException if it is not ahead but different: somebody put another database there
   */
  private List<Change> unseen(RegistryState state, RegistryState stored) throws StoreException {
    List<Change> unseen = store.history(state.revision(), Integer.MAX_VALUE);
    RegistryInfo shown = state.snapshot().info();
    RegistryInfo held = stored.snapshot().info();
    boolean isRestored = unseen.stream().anyMatch(change -> change.kind() == ChangeKind.RECOVERED);
    if ((!held.registryId().equals(shown.registryId()) && !isRestored)
        || held.revision() != shown.revision() + unseen.size()) {
      throw new StoreException(
          "the database is no longer the one that was served: it holds revision %d of registry %s, and revision %d of registry %s was answered already; put that database back, or restart metakeyd to serve what is there"
              .formatted(held.revision(), held.registryId(), shown.revision(), shown.registryId()),
          null);
    }
    return unseen;
  }

  /** Forgets what is too old to be kept, once every {@value #TRIM_MS} ms. */
  void trim(long nowMs, long ageMs) {
    if (nowMs < trimAtMs || problem != null) {
      return;
    }
    trimAtMs = nowMs + TRIM_MS;
    var unused =
        ask(
            "trimming the history",
            nowMs,
            () -> store.trim(retention.keep(), ageMs - retention.ageMs()));
  }

  /** What the store knows of uses. */
  Uses uses() throws StoreException {
    storedUses = store.uses();
    return storedUses;
  }

  /** Stores when ids were used last, once every {@value #USES_MS} ms. */
  void keepUses(Supplier<Uses> uses, long nowMs) {
    if (nowMs >= usesAtMs) {
      usesAtMs = nowMs + USES_MS;
      storeUses(uses.get(), nowMs);
    }
  }

  /** Stores when ids were used last, if that has changed. */
  void storeUses(Uses uses, long nowMs) {
    if (problem != null || uses.equals(storedUses)) {
      return;
    }
    if (ask("storing when fields were used", nowMs, () -> store.keepUses(uses))) {
      storedUses = uses;
    }
  }

  /** See {@link Engine#history}. For any thread. */
  List<Change> history(long sinceRevision, long lastRevision, int limit) {
    try {
      return store.history(sinceRevision, lastRevision, limit);
    } catch (StoreException e) {
      throw new MetakeyException(Reason.STORE_FAILED, String.valueOf(e.getMessage()), Map.of(), e);
    }
  }

  private void fail(StoreException e, long nowMs) {
    stillFailing(e, nowMs);
    turned.run();
    Event.STORE_FAILED.say("changes are refused from now on: " + e.getMessage(), e.getCause());
  }

  private void stillFailing(StoreException e, long nowMs) {
    problem = e.getMessage();
    retryAtMs = nowMs + RETRY_MS;
  }

  private static StoreException defectOf(String doing, Throwable defect) {
    return new StoreException(
        "a defect of metakeyd while %s: %s; please report it with the daemon's log"
            .formatted(doing, defect),
        defect);
  }
}
