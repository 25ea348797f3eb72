package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Decision;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.Programs;
import dev.metakey.server.domain.Registry;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Start;
import dev.metakey.server.domain.Tick;
import dev.metakey.server.log.Event;
import dev.metakey.server.storage.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the writer's thread alone does: it decides batches of commands, makes their changes durable,
 * shows them, answers, and tells the listeners, in this order. Any thread may call {@link #state},
 * {@link #snapshot}, {@link #programs}, {@link #tag}, {@link #isBusy}, {@link #heldUp} and {@link
 * #addListener}.
 */
final class Writer {
  /** How long one batch may take before the writer counts as held up, milliseconds. */
  static final long HELD_UP_MS = 3_000;

  private static final long IDLE = Long.MAX_VALUE;
  private static final long NOTE_TIME_MS = 3_600_000;

  private final Supplier<Rules> rules;
  private final Peer self;
  private final RegistryClock clock;
  private final StoreKeeper keeper;
  private final List<CommitListener> listeners = new CopyOnWriteArrayList<>();
  private final UseNotes uses;
  private volatile long busySinceMs = IDLE;
  private volatile @Nullable LongConsumer queueTimes;

  /** What is committed and shown; only the writer's thread replaces it. */
  private volatile RegistryState state;

  /**
   * @param self the peer in whose name the daemon itself acts
   * @throws StoreException if the store cannot be read
   */
  Writer(
      RegistryState stored,
      Supplier<Rules> rules,
      Peer self,
      RegistryClock clock,
      StoreKeeper keeper)
      throws StoreException {
    this.rules = rules;
    this.self = self;
    this.clock = clock;
    this.keeper = keeper;
    this.state = stored;
    this.uses = new UseNotes(keeper.uses(), clock, this::programs);
  }

  /** See {@link Engine#uses}. */
  UseNotes uses() {
    return uses;
  }

  /** See {@link Engine#state}. */
  RegistryState state() {
    return state;
  }

  /** See {@link Engine#snapshot}. */
  Snapshot snapshot() {
    return state.snapshot();
  }

  /** See {@link Engine#programs}. */
  Programs programs() {
    return state.programs();
  }

  /** See {@link Engine#tag}. */
  Tag tag() {
    return state.tag();
  }

  /** Listeners are told in the order in which they were added. */
  void addListener(CommitListener listener) {
    listeners.add(listener);
  }

  /** Has what each call waited for its turn told, in nanoseconds. */
  void measure(LongConsumer queued) {
    queueTimes = queued;
  }

  /** A call that is to wait for its turn. */
  <R> Submission<R> submission(Command<R> command, Peer peer) {
    return new Submission<>(command, peer, queueTimes == null ? 0 : System.nanoTime());
  }

  /** Whether it works on a batch. */
  boolean isBusy() {
    return busySinceMs != IDLE;
  }

  /** In how many milliseconds something is due that nobody submits; 0 if it is due now. */
  long restMs() {
    if (keeper.problem() != null) {
      return StoreKeeper.RETRY_MS;
    }
    if (!rules.get().readOnly().isEmpty()) {
      return Long.MAX_VALUE; // nothing expires
    }
    return Math.max(0, Tick.nextExpiryMs(state.snapshot()) - clock.ageMs());
  }

  /** Says for how long the writer has been held up; null if it is not. */
  @Nullable String heldUp() {
    long busyMs = clock.stopwatchMs() - busySinceMs; // negative while it is idle
    return busyMs < HELD_UP_MS
        ? null
        : "the disk of the data directory has not answered for %d s; metakeyd goes on by itself when it does"
            .formatted(busyMs / 1_000);
  }

  /** See {@link Engine#run}. */
  <R> R run(Command<R> command) {
    Submission<R> submission = new Submission<>(command, self, 0);
    work(new ArrayList<>(List.of(submission)));
    return submission.result();
  }

  /** One turn: works on a batch, and does what is due. */
  void take(List<Submission<?>> batch) {
    busySinceMs = clock.stopwatchMs();
    LongConsumer measuring = queueTimes;
    if (measuring != null) {
      long nowNs = System.nanoTime();
      batch.forEach(submission -> measuring.accept(submission.ageNs(nowNs)));
    }
    try {
      keeper.check(clock.bootMs());
      tell(keeper.heal(state, this::showWithTtls, clock.bootMs()));
      work(batch);
      keeper.trim(clock.bootMs(), clock.ageMs());
      keeper.keepUses(uses::read, clock.bootMs());
      noteTime();
    } catch (RuntimeException | Error defect) {
      batch.forEach(submission -> submission.abandon(defect));
      keeper.doubt(defect, clock.bootMs());
      throw defect;
    } finally {
      busySinceMs = IDLE;
    }
  }

  private void work(List<Submission<?>> batch) {
    Now now = clock.now();
    Rules rules = this.rules.get();
    RegistryState next = state;
    List<Change> changes = new ArrayList<>();
    for (Submission<?> submission : batch) {
      next = submission.decide(next, rules, now, changes);
    }
    if (keeper.problem() == null
        && rules.readOnly().isEmpty()
        && Tick.isDue(
            next, rules, now.ageMs())) { // last, so that a renewal in this batch is in time
      next = new Submission<>(new Tick(), self, 0).decide(next, rules, now, changes);
    }
    boolean durable = needsNoStore(next, changes);
    if (!durable) {
      next = next.at(clock.reading());
    }
    if (durable || (keeper.problem() == null && keeper.commit(next, changes, clock.bootMs()))) {
      show(next, changes);
    } else {
      changes.clear();
      refuseWhatDependsOnStore(batch);
    }
    batch.forEach(Submission::complete);
    tell(changes);
  }

  /**
   * Stores how old the registry is, if that has not been stored for long: it is all that the next
   * daemon has to go by if the host reboots.
   */
  private void noteTime() {
    if (clock.ageMs() - state.clock().ageMs() >= NOTE_TIME_MS && keeper.problem() == null) {
      RegistryState noted = state.at(clock.reading());
      if (keeper.commit(noted, List.of(), clock.bootMs())) {
        show(noted, List.of());
      }
    }
  }

  private boolean needsNoStore(RegistryState next, List<Change> changes) {
    return changes.isEmpty() && sameFacts(state, next);
  }

  /**
   * Makes a state the one that everybody sees.
   *
   * @param changes what led to it
   */
  @SuppressWarnings("ReferenceEquality") // another look counts, also if it found the same
  private void show(RegistryState next, List<Change> changes) {
    tell(changes, listener -> listener.durable(next.snapshot(), changes));
    boolean retagged = !next.tag().equals(state.tag());
    if (next.programs() != state.programs()) {
      uses.noteLinked();
    }
    state = next;
    if (retagged) {
      tell(CommitListener::retagged);
    }
  }

  /** Tells the listeners of the state that is shown now. */
  private void tell(List<Change> changes) {
    tell(changes, listener -> listener.committed(state.snapshot(), changes));
  }

  private void tell(List<Change> changes, Consumer<CommitListener> what) {
    if (!changes.isEmpty()) {
      tell(what);
    }
  }

  /** A listener that fails keeps nobody else from being told. */
  private void tell(Consumer<CommitListener> what) {
    for (CommitListener listener : listeners) {
      try {
        what.accept(listener);
      } catch (RuntimeException | Error defect) {
        Event.DEFECT.say("telling %s failed: please report this".formatted(listener), defect);
      }
    }
  }

  /**
   * Deals with a batch that could not be committed. A call that came after a change was decided
   * against a state that never was. So each call is decided again on its own, against the state
   * that is shown, and is refused if it would change that.
   */
  private void refuseWhatDependsOnStore(List<Submission<?>> batch) {
    MetakeyException refusal = notDurable(String.valueOf(keeper.problem()));
    for (Submission<?> submission : batch) {
      List<Change> changes = new ArrayList<>();
      RegistryState alone = submission.decide(state, rules.get(), clock.now(), changes);
      if (needsNoStore(alone, changes)) {
        show(alone, changes);
      } else {
        submission.refuse(refusal);
      }
    }
  }

  /**
   * Shows what the store holds. The moment when a ttl runs out is not stored, so each ttl begins
   * anew; nothing else changes.
   */
  private void showWithTtls(RegistryState stored, List<Change> unseen) {
    RegistryState seeing = stored.seeing(state.programs());
    RegistryInfo info = stored.snapshot().info();
    Start start = new Start(stored.bootId(), info.layout(), info.areaBytes(), false, stored.tag());
    var decision = Registry.decide(seeing, rules.get(), start, self, clock.now());
    show(((Decision.Accepted<Start.Result>) decision).state(), unseen);
  }

  static MetakeyException notDurable(String why) {
    return new MetakeyException(
        Reason.STORE_FAILED,
        "the change could not be made durable: %s; nothing was changed, and reads go on"
            .formatted(why));
  }

  private static boolean sameFacts(RegistryState a, RegistryState b) {
    return a.bootId().equals(b.bootId())
        && a.tag().equals(b.tag())
        && a.snapshot().info().equals(b.snapshot().info());
  }
}
