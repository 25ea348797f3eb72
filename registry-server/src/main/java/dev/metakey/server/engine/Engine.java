package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Pending;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Decision;
import dev.metakey.server.domain.Observe;
import dev.metakey.server.domain.Programs;
import dev.metakey.server.domain.Registry;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Start;
import dev.metakey.server.domain.Tick;
import dev.metakey.server.storage.Store;
import dev.metakey.server.storage.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registry at work.
 *
 * <p><b>Concurrency.</b> Any thread submits commands and reads the snapshot; one thread, the
 * writer, calls {@link #doWork}. It alone changes anything, so nothing here is locked: {@code
 * state} belongs to the writer, {@code snapshot} is what everybody else sees of it.
 *
 * <p><b>Durability.</b> The writer decides all queued commands against its state, commits their
 * changes in one synced batch, and only then swaps the snapshot, completes the calls and tells the
 * listeners. Nothing is ever visible that would not survive a power loss. The longer a sync takes,
 * the more calls the next one carries (group commit).
 *
 * <p><b>Failure.</b> When a commit fails, every call that depends on the batch is refused with
 * STORE_FAILED. From then on changes are refused, idempotent calls and reads go on, and every
 * {@value #RETRY_MS} ms the store is opened anew. What it then holds is the truth: should the
 * failed batch have reached the disk after all, it is shown and told like any other commit.
 */
public final class Engine {
  /** Calls that may wait for the writer; more are refused. */
  public static final int QUEUE_CAPACITY = 1024;

  private static final int BATCH = 256;
  private static final long RETRY_MS = 1_000;
  private static final long TRIM_MS = 60_000;
  private static final Logger log = LoggerFactory.getLogger(Engine.class);

  private final Store store;
  private final Rules rules;
  private final Retention retention;
  private final Peer self;
  private final LongSupplier clockMs;
  private final BlockingQueue<Submission<?>> queue = new ArrayBlockingQueue<>(QUEUE_CAPACITY);
  private final List<CommitListener> listeners = new CopyOnWriteArrayList<>();
  private final Waiters waiters;

  private Consumer<Boolean> health = possible -> {};
  private RegistryState state;
  private long retryAtMs;
  private long trimAtMs;
  private volatile Snapshot snapshot;
  private volatile Programs programs;
  private volatile @Nullable String storeProblem;
  private volatile boolean stopping;

  /**
   * Changes that are kept.
   *
   * @param keep how many, at most
   * @param ageMs how long, at most, in milliseconds
   */
  public record Retention(long keep, long ageMs) {}

  /**
   * @param self in whose name the daemon itself acts
   * @param clockMs milliseconds since 1970; never goes back
   * @throws StoreException if the store cannot be opened
   */
  public Engine(Store store, Rules rules, Retention retention, Peer self, LongSupplier clockMs)
      throws StoreException {
    this.store = store;
    this.rules = rules;
    this.retention = retention;
    this.self = self;
    this.clockMs = clockMs;
    this.state = store.open();
    this.snapshot = state.snapshot();
    this.programs = state.programs();
    this.waiters = new Waiters(this::snapshot, Limits.DEFAULTS.waits(), rules::isAdmin);
  }

  /** The committed state. Never waits. */
  public Snapshot snapshot() {
    return snapshot;
  }

  /** What the kernel had loaded when somebody looked last. Never waits. */
  public Programs programs() {
    return programs;
  }

  /** What keeps changes from being made; null: nothing. */
  public @Nullable String storeProblem() {
    return storeProblem;
  }

  /** Calls that wait for the writer. */
  public int queued() {
    return queue.size();
  }

  public List<Pending> pending() {
    return waiters.pending();
  }

  public Rules rules() {
    return rules;
  }

  /**
   * @param listener told on the writer's thread whether changes can be made, whenever that turns
   */
  public void onHealth(Consumer<Boolean> listener) {
    health = listener;
  }

  public void addListener(CommitListener listener) {
    listeners.add(listener);
  }

  /**
   * Hands a command to the writer.
   *
   * @return completes on the writer's thread when the changes are durable; fails with {@link
   *     MetakeyException}: what the rules say, STORE_FAILED, or UNAVAILABLE
   */
  public <R> CompletableFuture<Reply<R>> submit(Command<R> command, Peer peer) {
    Submission<R> submission = new Submission<>(command, peer);
    if (!queue.offer(submission)) {
      submission.refuseNow(
          new MetakeyException(
              Reason.UNAVAILABLE,
              "%d calls wait for the writer already; nothing was changed, try again soon"
                  .formatted(QUEUE_CAPACITY),
              Map.of(
                  "limit",
                  Integer.toString(QUEUE_CAPACITY),
                  "used",
                  Integer.toString(queue.size()))));
    } else if (stopping && queue.remove(submission)) { // or the writer has it, and answers
      submission.refuseNow(stopping());
    }
    return submission.future;
  }

  /** Hands over what somebody saw of the kernel: {@link #submit} in the daemon's name. */
  CompletableFuture<Reply<Programs>> observe(Observe seen) {
    return submit(seen, self);
  }

  /**
   * Waits for names, without holding a thread.
   *
   * @param waitMs milliseconds
   * @return completes with the fields in the order of the names; fails with DEADLINE_EXCEEDED,
   *     TOO_MANY_WAITERS or UNAVAILABLE. Cancel it when nobody wants the answer any more.
   */
  public CompletableFuture<Reply<List<Field>>> await(List<String> names, long waitMs, Peer peer) {
    long nowMs = clockMs.getAsLong();
    CompletableFuture<Reply<List<Field>>> answer = waiters.add(names, peer, nowMs, nowMs + waitMs);
    if (!answer.isDone()) {
      nudge();
    }
    return answer;
  }

  /**
   * The kept changes after a revision: {@link Store#history}. Reads the disk.
   *
   * @throws MetakeyException STORE_FAILED
   */
  public List<Change> history(long sinceRevision, int limit) {
    try {
      return store.history(sinceRevision, limit);
    } catch (StoreException e) {
      throw storeFailed(e);
    }
  }

  /** Takes no more calls; {@link #doWork} finishes what is queued. */
  public void stop() {
    stopping = true;
    waiters.refuseAll(stopping());
    nudge();
  }

  /** Wakes the writer. What is queued does so too; so nudges take no room from calls. */
  private void nudge() {
    if (queue.isEmpty()) {
      queue.offer(Submission.nudge());
    }
  }

  public boolean isStopping() {
    return stopping;
  }

  /**
   * Does now what nobody called for. For the writer's thread, or before there is one.
   *
   * @throws MetakeyException if the command was refused
   */
  public <R> R run(Command<R> command) {
    Submission<R> submission = new Submission<>(command, self);
    work(new ArrayList<>(List.of(submission)));
    return submission.result();
  }

  /**
   * One turn of the writer. Waits for a command until something else is due.
   *
   * @param maxWaitMs never wait longer, milliseconds; 0: do not wait
   * @return how many commands were worked on
   */
  public int doWork(long maxWaitMs) throws InterruptedException {
    List<Submission<?>> batch = new ArrayList<>();
    long waitMs = Math.min(maxWaitMs, waiters.nextDeadlineMs() - clockMs.getAsLong());
    Submission<?> first = queue.poll(Math.max(0, waitMs), TimeUnit.MILLISECONDS);
    if (first != null) {
      batch.add(first);
      queue.drainTo(batch, BATCH - 1);
    }
    heal();
    work(batch);
    waiters.expire(clockMs.getAsLong());
    trim();
    return batch.size();
  }

  private void work(List<Submission<?>> batch) {
    long nowMs = clockMs.getAsLong();
    RegistryState next = state;
    List<Change> changes = new ArrayList<>();
    for (Submission<?> submission : batch) {
      next = submission.decide(next, rules, nowMs, changes);
    }
    if (storeProblem == null && Tick.isDue(next, rules, nowMs)) { // last: who renews is in time
      next = new Submission<>(new Tick(), self).decide(next, rules, nowMs, changes);
    }
    if (storeProblem == null ? commit(next, changes) : needsNoStore(next, changes)) {
      show(next);
    } else {
      changes.clear();
      refuseWhatDependsOnStore(batch);
    }
    batch.forEach(Submission::complete);
    tell(changes);
  }

  private boolean needsNoStore(RegistryState next, List<Change> changes) {
    return changes.isEmpty() && sameFacts(state, next);
  }

  /** Whether the batch is durable now. */
  private boolean commit(RegistryState next, List<Change> changes) {
    if (needsNoStore(next, changes)) {
      return true;
    }
    try {
      store.commit(next, changes);
      return true;
    } catch (StoreException e) {
      fail(e);
    } catch (RuntimeException | Error defect) { // and nobody knows what became of the batch
      fail(defectOf("storing", defect));
    }
    return false;
  }

  private void show(RegistryState next) {
    state = next;
    snapshot = next.snapshot();
    programs = next.programs();
  }

  /** Tells of what is shown. A listener that fails keeps nobody else from being told. */
  private void tell(List<Change> changes) {
    if (changes.isEmpty()) {
      return;
    }
    waiters.committed();
    for (CommitListener listener : listeners) {
      try {
        listener.committed(snapshot, changes);
      } catch (RuntimeException | Error defect) {
        log.error("telling {} failed: please report this", listener, defect);
      }
    }
  }

  /**
   * Of a batch that could not be committed: a call that came after a change was decided against a
   * state that never was. Decides each again on its own, against the state that is; what would
   * change it is refused.
   */
  private void refuseWhatDependsOnStore(List<Submission<?>> batch) {
    MetakeyException refusal =
        new MetakeyException(
            Reason.STORE_FAILED,
            "the change could not be made durable: %s; nothing was changed, and reads go on"
                .formatted(storeProblem));
    for (Submission<?> submission : batch) {
      List<Change> changes = new ArrayList<>();
      RegistryState alone = submission.decide(state, rules, clockMs.getAsLong(), changes);
      if (needsNoStore(alone, changes)) {
        show(alone);
      } else {
        submission.refuse(refusal);
      }
    }
  }

  private void fail(StoreException e) {
    storeProblem = e.getMessage();
    retryAtMs = clockMs.getAsLong() + RETRY_MS;
    health.accept(false);
    log.error("changes are refused from now on: {}", e.getMessage(), e.getCause());
  }

  private void heal() {
    if (storeProblem == null || clockMs.getAsLong() < retryAtMs) {
      return;
    }
    try {
      RegistryState stored = store.open();
      store.commit(stored, List.of()); // opening alone may succeed on a full disk
      List<Change> unseen = unseen(stored);
      if (!unseen.isEmpty()) {
        show(withTtls(stored.seeing(state.programs())));
      }
      storeProblem = null;
      log.info("the store works again, at revision {}", stored.revision());
      health.accept(true);
      tell(unseen);
    } catch (StoreException e) {
      stillFailing(e);
    } catch (RuntimeException | Error defect) {
      stillFailing(defectOf("opening the store anew", defect));
    }
  }

  private void stillFailing(StoreException e) {
    storeProblem = e.getMessage();
    retryAtMs = clockMs.getAsLong() + RETRY_MS;
  }

  /**
   * The changes by which the store is ahead of what is shown: none, or those of the failed batch.
   *
   * @throws StoreException if it is not ahead but different: somebody put another database there
   */
  private List<Change> unseen(RegistryState stored) throws StoreException {
    List<Change> unseen = store.history(state.revision(), Integer.MAX_VALUE);
    RegistryInfo shown = state.snapshot().info();
    RegistryInfo held = stored.snapshot().info();
    if (!held.registryId().equals(shown.registryId())
        || held.revision() != shown.revision() + unseen.size()) {
      throw new StoreException(
          "the database is no longer the one that was served: it holds revision %d of registry %s, and revision %d of registry %s was answered already; put that back, or restart metakeyd to serve what is there"
              .formatted(held.revision(), held.registryId(), shown.revision(), shown.registryId()),
          null);
    }
    return unseen;
  }

  /** What the store holds, every ttl beginning now: they are not stored. Nothing else changes. */
  private RegistryState withTtls(RegistryState stored) {
    RegistryInfo info = stored.snapshot().info();
    Start start = new Start(stored.bootId(), info.layout(), info.areaBytes(), false);
    var decision = Registry.decide(stored, rules, start, self, clockMs.getAsLong());
    return ((Decision.Accepted<Start.Result>) decision).state();
  }

  private void trim() {
    long nowMs = clockMs.getAsLong();
    if (nowMs < trimAtMs || storeProblem != null) {
      return;
    }
    trimAtMs = nowMs + TRIM_MS;
    try {
      store.trim(retention.keep(), nowMs - retention.ageMs());
    } catch (StoreException e) {
      fail(e);
    } catch (RuntimeException | Error defect) {
      fail(defectOf("trimming the history", defect));
    }
  }

  private static boolean sameFacts(RegistryState a, RegistryState b) {
    return a.bootId().equals(b.bootId()) && a.snapshot().info().equals(b.snapshot().info());
  }

  private static MetakeyException stopping() {
    return new MetakeyException(
        Reason.UNAVAILABLE, "metakeyd is stopping; nothing was changed, try again soon");
  }

  private static StoreException defectOf(String doing, Throwable defect) {
    return new StoreException(
        "a defect of metakeyd while %s: %s; please report it with the daemon's log"
            .formatted(doing, defect),
        defect);
  }

  private static MetakeyException storeFailed(StoreException e) {
    return new MetakeyException(Reason.STORE_FAILED, String.valueOf(e.getMessage()), Map.of(), e);
  }

  /** A call on its way through the writer. */
  private static final class Submission<R> {
    final CompletableFuture<Reply<R>> future = new CompletableFuture<>();
    private final @Nullable Command<R> command;
    private final Peer peer;
    private @Nullable Reply<R> reply;
    private @Nullable MetakeyException refusal;

    Submission(@Nullable Command<R> command, Peer peer) {
      this.command = command;
      this.peer = peer;
    }

    /** Wants nothing. */
    static Submission<Boolean> nudge() {
      return new Submission<>(null, new Peer(0, 0, 0, ""));
    }

    /** Decides the command, keeps its answer, and tells the state that it leads to. */
    RegistryState decide(RegistryState state, Rules rules, long nowMs, List<Change> changes) {
      if (command == null) {
        return state;
      }
      reply = null;
      refusal = null;
      Decision<R> decision;
      try {
        decision = Registry.decide(state, rules, command, peer, nowMs);
      } catch (RuntimeException | Error defect) {
        log.error("deciding {} failed: please report this", command, defect);
        refuse(defect(defect));
        return state;
      }
      if (decision instanceof Decision.Accepted<R> accepted) {
        reply = new Reply<>(accepted.state().snapshot().info(), accepted.result());
        changes.addAll(accepted.changes());
        return accepted.state();
      }
      refuse(((Decision.Rejected<R>) decision).refusal());
      return state;
    }

    void refuse(MetakeyException why) {
      refusal = why;
    }

    void refuseNow(MetakeyException why) {
      future.completeExceptionally(why);
    }

    void complete() {
      if (refusal != null) {
        future.completeExceptionally(refusal);
      } else if (reply != null) {
        future.complete(reply);
      }
    }

    /**
     * @throws MetakeyException if the command was refused
     */
    R result() {
      if (refusal != null) {
        throw refusal;
      }
      return Objects.requireNonNull(reply).value();
    }

    private static MetakeyException defect(Throwable cause) {
      return new MetakeyException(
          Reason.INTERNAL,
          "a defect of metakeyd: %s; please report it with the daemon's log".formatted(cause),
          Map.of(),
          cause);
    }
  }
}
