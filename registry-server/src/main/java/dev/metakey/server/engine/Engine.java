package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.LimitUse;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.ClockReading;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Decision;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.Observe;
import dev.metakey.server.domain.Policy;
import dev.metakey.server.domain.Programs;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.Registry;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Tick;
import dev.metakey.server.storage.Store;
import dev.metakey.server.storage.StoreException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The registry at work.
 *
 * <p><b>Concurrency.</b> Any thread submits commands and reads the snapshot; one thread, the
 * writer, calls {@link #doWork}, and another, the timer, {@link #keepTime}. The writer alone
 * changes anything, so nothing here is locked: the state belongs to the {@link Writer}, and its
 * snapshot is what everybody else sees of it. What passes between threads has its own lock: the
 * {@link CommandQueue}, and the {@link Waiters}.
 *
 * <p><b>Durability.</b> The writer decides all queued commands against its state, commits their
 * changes in one synced batch, and only then swaps the snapshot, completes the calls and tells the
 * listeners. Nothing is ever visible that would not survive a power loss. The longer a sync takes,
 * the more calls the next one carries (group commit).
 *
 * <p><b>Failure.</b> When a commit fails, every call that depends on the batch is refused with
 * STORE_FAILED. From then on changes are refused, idempotent calls and reads go on, and the {@link
 * StoreKeeper} opens the store anew until it works again. Should the failed batch have reached the
 * disk after all, it is shown and told like any other commit. A defect in the middle of a batch is
 * dealt with likewise. While a disk does not answer at all, the timer refuses what waits behind it;
 * the calls of the batch itself wait, as nobody knows yet what becomes of them.
 */
public final class Engine {
  private static final int BATCH = 256;

  /** How often the timer looks whether the writer is held up, while it has work, milliseconds. */
  private static final long WATCHFUL_MS = 1_000;

  /**
   * The longest sleep while somebody waits, milliseconds: a sleep lasts longer if the host is
   * suspended.
   */
  private static final long WAITED_FOR_MS = 5_000;

  private volatile Rules rules;
  private final Peer self;
  private final RegistryClock clock;
  private final StoreKeeper keeper;
  private final CommandQueue queue;
  private final Writer writer;
  private final Waiters waiters;
  private final Object telling = new Object();

  /** Whether the writer got work since the timer looked last. */
  private volatile boolean worked;

  /** Whether the timer sleeps although the writer may get work. */
  private volatile boolean timerRests;

  private Consumer<Boolean> health = possible -> {};
  private boolean possible = true; // this and health are guarded by telling

  /**
   * @param self the peer in whose name the daemon itself acts
   * @param clock the host's
   * @param limits how many commands and resolves may wait
   * @throws StoreException if the store cannot be opened
   */
  public Engine(
      Store store, Rules rules, Retention retention, Peer self, HostClock clock, Limits limits)
      throws StoreException {
    this.rules = rules;
    this.queue = new CommandQueue(limits.queued(), peer -> rules().isAdmin(peer));
    this.keeper = new StoreKeeper(store, retention, this::tellHealth);
    this.self = self;
    RegistryState stored = store.open();
    this.clock = new RegistryClock(clock, stored, retention.mostOffMs());
    this.writer = new Writer(stored, () -> this.rules, self, this.clock, keeper);
    this.waiters = new Waiters(writer::snapshot, limits.waits(), new PolicyShares(this::rules));
    writer.addListener((snapshot, changes) -> waiters.committed());
    writer.addListener((snapshot, changes) -> uses().noteChanged(changes));
  }

  /** All that is committed, at one revision, with the tag. Never waits, and nobody may print it. */
  public RegistryState state() {
    return writer.state();
  }

  /** What is committed, as anybody may see it. Never waits. */
  public Snapshot snapshot() {
    return writer.snapshot();
  }

  /** The committed tag; none before the first start. Never waits, and nobody may print it. */
  public Tag tag() {
    return writer.tag();
  }

  /** What the kernel had loaded when somebody looked last. Never waits. */
  public Programs programs() {
    return writer.programs();
  }

  /** What keeps changes from being made, or null if nothing does. */
  public @Nullable String storeProblem() {
    String problem = keeper.problem();
    return problem != null ? problem : writer.heldUp();
  }

  /** The time, and how old the registry is: what {@link Observe} and {@link Tick} measure by. */
  public Now now() {
    return clock.now();
  }

  /** When each id was used last. */
  public UseNotes uses() {
    return writer.uses();
  }

  /** Stores when ids were used last. For the writer's thread, or when there is none. */
  void storeUses() {
    keeper.storeUses(writer.uses().read(), clock.bootMs());
  }

  /** Whether the writer waits for the store. */
  boolean waitsForStore() {
    return keeper.isAsking();
  }

  /** How many calls wait for the writer. */
  public int queued() {
    return queue.size();
  }

  /** How many resolves wait. */
  public int waiting() {
    return waiters.size();
  }

  /** How much is used of the limits of waits and of changes that wait for the writer. */
  public List<LimitUse> limits() {
    return List.of(waiters.use(), queue.use());
  }

  /** At most {@code limit}, 1 or more, of those who wait for names: after a number, from 0. */
  public PendingPage pending(long after, int limit) {
    return waiters.pending(after, limit, clock.wallMinusBootMs());
  }

  public Rules rules() {
    return rules;
  }

  /** Takes other rules on. Commands that are decided from now on go by them. */
  public synchronized void take(Policy policy, long quarantineMs) {
    rules = rules.with(policy, quarantineMs);
  }

  /** Takes on what is known of the fleet now. */
  public synchronized void take(Fleet fleet) {
    rules = rules.with(fleet);
  }

  /**
   * Refuses changes from now on, those that time would bring included, or takes them again.
   *
   * @param why and what an admin does about it; empty to take changes again
   */
  public synchronized void refuseChanges(String why) {
    rules = rules.readOnly(why);
    if (why.isEmpty()) {
      var unused = submit(new Tick()); // does what was due meanwhile
    }
  }

  /** Tells the listener whether changes can be made, each time that this turns. */
  public void onHealth(Consumer<Boolean> listener) {
    synchronized (telling) {
      health = listener;
    }
  }

  private void tellHealth() {
    synchronized (telling) {
      boolean now = storeProblem() == null;
      if (now != possible) {
        possible = now;
        health.accept(now);
      }
    }
  }

  /** Has what calls wait for the writer, and what commits take, told in nanoseconds. */
  public void measure(LongConsumer queued, LongConsumer commits) {
    writer.measure(queued);
    keeper.measure(commits);
  }

  public void addListener(CommitListener listener) {
    writer.addListener(listener);
  }

  /**
   * Hands a command to the writer. A registration of fields that are known already is answered at
   * once from what is durable, and waits for no disk.
   *
   * @return completes on the writer's thread when the changes are durable; fails with {@link
   *     MetakeyException}: what the rules say, STORE_FAILED, or UNAVAILABLE. A call that is
   *     cancelled before its turn comes changes nothing.
   */
  public <R> CompletableFuture<Reply<R>> submit(Command<R> command, Peer peer) {
    RegistryState shown = shown();
    Decision.Accepted<R> known =
        mayBeKnown(shown, command, peer) ? known(shown, command, peer) : null;
    if (known != null && known.state().snapshot() == shown.snapshot()) {
      return CompletableFuture.completedFuture(replyOf(known));
    }
    Submission<R> submission = writer.submission(command, peer);
    String heldUp = known == null ? writer.heldUp() : null;
    MetakeyException refusal = heldUp == null ? queue.offer(submission) : Writer.notDurable(heldUp);
    if (refusal != null) {
      submission.refuseNow(refusal);
      return submission.future;
    }
    noteWork();
    if (known != null) { // the writer is to note the renewed ttl
      submission.future.complete(replyOf(known));
    }
    return submission.future;
  }

  /** Notes that the writer has got work: from now on the disk may keep somebody waiting. */
  private void noteWork() {
    worked = true;
    if (timerRests) {
      timerRests = false;
      waiters.wake();
    }
  }

  /** Whether the command registers only what the caller has: the writer decides about the rest. */
  private static boolean mayBeKnown(RegistryState shown, Command<?> command, Peer peer) {
    if (!(command instanceof Register register)) {
      return false;
    }
    for (FieldSpec field : register.fields()) {
      Field known = shown.snapshot().byName(field.name());
      if (known == null || !known.is(FieldState.ACTIVE) || !known.owners().contains(peer.owner())) {
        return false;
      }
    }
    return true;
  }

  /**
   * The decision against the committed state; null if it refuses or changes something. A defect is
   * left to the writer.
   */
  private <R> Decision.@Nullable Accepted<R> known(
      RegistryState shown, Command<R> command, Peer peer) {
    try {
      return Registry.decide(shown, rules, command, peer, clock.now())
                  instanceof Decision.Accepted<R> accepted
              && accepted.changes().isEmpty()
          ? accepted
          : null;
    } catch (RuntimeException | Error defect) {
      return null;
    }
  }

  private static <R> Reply<R> replyOf(Decision.Accepted<R> accepted) {
    return new Reply<>(accepted.state().snapshot().info(), accepted.result());
  }

  private RegistryState shown() {
    return new RegistryState(
        writer.snapshot(), "", writer.tag(), writer.programs(), ClockReading.NONE);
  }

  /**
   * Why a command would be refused in the state that is committed now; null if it would not be.
   * Never waits, and changes nothing.
   */
  public @Nullable MetakeyException refusalOf(Command<?> command, Peer peer) {
    return Registry.decide(shown(), rules, command, peer, clock.now())
            instanceof Decision.Rejected<?> rejected
        ? rejected.refusal()
        : null;
  }

  /** As {@link #refusalOf}, if this host belonged to no fleet. */
  @Nullable MetakeyException refusalOutsideFleet(Command<?> command, Peer peer) {
    Rules alone = rules.with(Fleet.NONE);
    return Registry.decide(shown(), alone, command, peer, clock.now())
            instanceof Decision.Rejected<?> rejected
        ? rejected.refusal()
        : null;
  }

  /**
   * What a command would change in the state that is committed now. Never waits, and changes
   * nothing.
   *
   * @throws MetakeyException if it would be refused
   */
  public <R> Reply<R> preview(Command<R> command, Peer peer) {
    Decision<R> decision = Registry.decide(shown(), rules, command, peer, clock.now());
    if (decision instanceof Decision.Accepted<R> accepted) {
      return new Reply<>(snapshot().info(), accepted.result());
    }
    throw ((Decision.Rejected<R>) decision).refusal();
  }

  /** As {@link #submit(Command, Peer)}, in the daemon's own name. */
  public <R> CompletableFuture<Reply<R>> submit(Command<R> command) {
    return submit(command, self);
  }

  /**
   * Waits for names, without holding a thread.
   *
   * @param waitMs milliseconds
   * @return completes with the fields in the order of the names; fails with DEADLINE_EXCEEDED,
   *     TOO_MANY_WAITERS or UNAVAILABLE. Cancel it when nobody wants the answer any more.
   */
  public CompletableFuture<Reply<List<Field>>> await(List<String> names, long waitMs, Peer peer) {
    long nowMs = clock.bootMs();
    return waiters.add(names, peer, nowMs, nowMs + waitMs);
  }

  /**
   * The kept changes after a revision: {@link Store#history}. Reads the disk, but tells of nothing
   * that {@link #snapshot} does not show yet.
   *
   * @throws MetakeyException STORE_FAILED
   */
  public List<Change> history(long sinceRevision, int limit) {
    return keeper.history(sinceRevision, snapshot().info().revision(), limit);
  }

  /** Takes no more calls; {@link #doWork} finishes what is queued. */
  public void stop() {
    queue.stop();
    waiters.refuseAll(CommandQueue.stopping());
  }

  public boolean isStopping() {
    return queue.isStopped();
  }

  /**
   * Runs a command of the daemon's own at once. For the writer's thread, or before there is one.
   *
   * @throws MetakeyException if the command was refused
   */
  public <R> R run(Command<R> command) {
    return writer.run(command);
  }

  /**
   * One turn of the writer. Waits for a command, or until something is due.
   *
   * @param maxWaitMs never wait longer, milliseconds; 0: do not wait
   * @return how many commands were worked on
   */
  public int doWork(long maxWaitMs) throws InterruptedException {
    List<Submission<?>> batch = queue.take(BATCH, Math.min(maxWaitMs, writer.restMs()));
    writer.take(batch);
    return batch.size();
  }

  /**
   * One turn of the timer, which sees to what is due even while the writer is held up: waits whose
   * time is over, and calls behind a disk that does not answer. Waits until something is due.
   *
   * @param maxWaitMs never wait longer, milliseconds; 0: do not wait
   */
  public void keepTime(long maxWaitMs) throws InterruptedException {
    waiters.awaitDeadline(clock.bootMs(), Math.min(maxWaitMs, timerRestMs()));
    waiters.expire(clock.bootMs());
    String heldUp = writer.heldUp();
    if (heldUp != null) {
      queue.refuseAll(Writer.notDurable(heldUp));
    }
    tellHealth();
  }

  /** How long the timer may sleep; whoever submits something meanwhile wakes it. */
  private long timerRestMs() {
    timerRests = true; // set first: a submitter sees it, or its work is seen below
    boolean hasWork = worked || queue.size() > 0 || writer.isBusy();
    worked = false;
    if (hasWork) {
      timerRests = false;
      return WATCHFUL_MS;
    }
    return waiters.size() > 0 ? WAITED_FOR_MS : Long.MAX_VALUE;
  }

  /** Ends the wait of {@link #keepTime}. */
  void wakeTimer() {
    waiters.wake();
  }
}
