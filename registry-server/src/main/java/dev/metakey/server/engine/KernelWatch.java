package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Drift;
import dev.metakey.server.domain.Leave;
import dev.metakey.server.domain.Observe;
import dev.metakey.server.domain.Programs;
import dev.metakey.server.domain.Release;
import dev.metakey.server.domain.Tick;
import dev.metakey.server.log.Event;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Looks at what the kernel has loaded, and tells the writer what is new. The thread {@code
 * registry-kernel} looks now and then, and callers that need to know at once have it look for them.
 *
 * <p>While nothing changes it looks less and less often. Nothing is decided on what was seen long
 * ago: a release has it look first, and a quarantine ends with a look.
 *
 * <p>A look counts from when it began: what is loaded while it lasts may not be in it. Two that
 * overlap are put in order by the writer ({@link Observe}).
 */
public final class KernelWatch implements CommitListener, AutoCloseable {
  /** The time from a look that found something new to the next, milliseconds. */
  static final long PERIOD_MS = 5_000;

  /** The longest time between looks while nothing is new, milliseconds. */
  static final long REST_MS = 60_000;

  /** The same where the kernel tells of programs that come and go, milliseconds. */
  private static final long TOLD_REST_MS = 600_000;

  /**
   * How long to wait before a look that the kernel prompted, milliseconds: programs come and go in
   * groups, and one that goes is still there when the kernel tells of it.
   */
  private static final long GROUP_MS = 500;

  /** The most faults of programs that are logged; status and users show all of them. */
  private static final int MAX_TOLD = 1_000;

  private final Set<String> told = ConcurrentHashMap.newKeySet();
  private final Engine engine;
  private final ProgramSource source;
  private final Defects defects = new Defects("looking at loaded programs");
  private final Worker worker =
      new Worker("registry-kernel", "looks at what the kernel has loaded", this::takeTurn);
  private long restMs = PERIOD_MS; // this and the next two are the thread's
  private long nextLookMs = PERIOD_MS;
  private long lookedAgeMs;
  private volatile @Nullable ProgramEvents events;
  private final Worker listener =
      new Worker("registry-bpf", "hears of loaded programs", this::hear);
  private boolean stopped; // this and the next: guarded by this
  private boolean woken;
  private @Nullable CompletableFuture<Reply<Programs>> notBegun; // guarded by this

  public KernelWatch(Engine engine, ProgramSource source) {
    this.engine = engine;
    this.source = source;
  }

  public void start() {
    worker.start();
  }

  /**
   * From now on it looks when the kernel tells of a program, and hardly ever otherwise. {@link
   * #close} closes the events.
   */
  public void listen(ProgramEvents told) {
    events = told;
    listener.start();
  }

  private boolean hear() throws InterruptedException {
    ProgramEvents told = Objects.requireNonNull(events);
    try {
      boolean goesOn = told.await();
      pause();
      wake();
      return goesOn;
    } catch (IOException e) {
      Event.PROGRAM_EVENTS_LOST.say(e.getMessage() + "; metakeyd looks at them now and then");
      events = null;
      wake();
      return false;
    }
  }

  /** Waits, so that programs that come and go all the time cost two looks a second at most. */
  private synchronized void pause() throws InterruptedException {
    long untilNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(GROUP_MS);
    long leftMs = GROUP_MS;
    while (!stopped && leftMs > 0) {
      wait(leftMs);
      leftMs = TimeUnit.NANOSECONDS.toMillis(untilNs - System.nanoTime());
    }
  }

  /** Has the thread look soon, as it may wait for the end of a quarantine that is shorter now. */
  public synchronized void wake() {
    woken = true;
    notifyAll();
  }

  private long longestRestMs() {
    return events == null ? REST_MS : TOLD_REST_MS;
  }

  /** Looks. That is slow, so neither an event loop nor the writer may call it. */
  public Observe look() {
    long ageMs = engine.now().ageMs();
    try {
      return Observe.seen(ageMs, source.loaded(false));
    } catch (IOException e) {
      return Observe.blind(ageMs, String.valueOf(e.getMessage()));
    } catch (RuntimeException | Error defect) {
      defects.met(defect);
      return Observe.blind(ageMs, "a defect of metakeyd; its log says more, please report it");
    }
  }

  /**
   * Looks now, and tells the writer. Those who ask before the look begins share it: so that many
   * releases cost few looks.
   *
   * @param readers runs the look
   * @return completes when the writer knows; fails with UNAVAILABLE if too many calls wait for it
   * @throws RejectedExecutionException if no thread is free
   */
  public synchronized CompletableFuture<Reply<Programs>> observe(Executor readers) {
    CompletableFuture<Reply<Programs>> shared = notBegun;
    if (shared == null) {
      CompletableFuture<Observe> look = new CompletableFuture<>();
      shared = look.thenCompose(engine::submit);
      notBegun = shared;
      try {
        readers.execute(() -> look.complete(lookForAll()));
      } catch (RejectedExecutionException e) {
        notBegun = null;
        throw e;
      }
    }
    return shared.copy(); // so that a caller who cancels does not cancel it for others
  }

  private Observe lookForAll() {
    synchronized (this) {
      notBegun = null;
    }
    return look();
  }

  /**
   * Looks, and then submits a command that has to be decided on what is loaded now. As looking is
   * costly, a command that is refused whatever is loaded is refused without a look.
   *
   * @param readers runs the look
   * @return as {@link Engine#submit}
   * @throws MetakeyException if it would be refused
   * @throws RejectedExecutionException if no thread is free
   */
  public <R> CompletableFuture<Reply<R>> submit(Command<R> command, Peer caller, Executor readers) {
    MetakeyException refusal = engine.refusalOf(command, caller);
    if (refusal != null && refusal.reason() != Reason.IN_USE) {
      throw refusal;
    }
    return observe(readers).thenCompose(seen -> engine.submit(command, caller));
  }

  /**
   * As {@link #submit}, but where the caller only leaves a shared field, nobody looks. Whether it
   * does is for the writer to say, as another owner may leave at the same time.
   */
  public CompletableFuture<Reply<Field>> release(Release release, Peer caller, Executor readers) {
    Leave leave = new Leave(release);
    if (engine.preview(leave, caller).value().isEmpty()) {
      return submit(release, caller, readers);
    }
    return engine
        .submit(leave, caller)
        .thenCompose(
            left ->
                left.value()
                    .map(
                        field -> CompletableFuture.completedFuture(new Reply<>(left.info(), field)))
                    .orElseGet(() -> submit(release, caller, readers)));
  }

  /**
   * What is loaded now, with the processes that hold it open. That is slow.
   *
   * @throws MetakeyException UNAVAILABLE, if it cannot be seen
   */
  public List<LoadedProgram> users() {
    try {
      return source.loaded(true);
    } catch (IOException e) {
      throw new MetakeyException(
          Reason.UNAVAILABLE, "loaded programs cannot be seen: " + e.getMessage(), Map.of(), e);
    }
  }

  /**
   * One look of the thread's. The writer is told only if something is new, or if an id that could
   * be freed waits for a look.
   *
   * @return when to look again, in milliseconds: 1 or more
   */
  long watch() {
    restMs = Math.min(2 * restMs, longestRestMs());
    Observe seen = look();
    Programs known = engine.programs();
    if (isNews(known, seen)) {
      restMs = PERIOD_MS;
      tell(known, seen);
      var unused = engine.submit(seen); // if the queue is full, the next look tells it
    }
    lookedAgeMs = seen.ageMs();
    return Math.min(restMs, nextEndMs(lookedAgeMs) - lookedAgeMs);
  }

  private boolean isNews(Programs known, Observe seen) {
    if (!seen.blindness().equals(known.blindness())) {
      return true;
    }
    return seen.blindness().isEmpty()
        && (!known.isSameAs(seen.loaded())
            || !Tick.waitingForALook(engine.snapshot(), known, engine.rules(), seen.ageMs())
                .isEmpty());
  }

  private void tell(Programs known, Observe seen) {
    if (!seen.blindness().isEmpty()) {
      Event.PROGRAMS_UNSEEN.say("loaded programs cannot be seen: " + seen.blindness());
      return;
    }
    for (LoadedProgram program : seen.loaded()) {
      if (known.loaded().stream().noneMatch(old -> isSame(old, program))) {
        for (FieldUse use : program.uses()) {
          String fault = Drift.faultOf(engine.snapshot(), engine.tag(), use);
          if (!fault.isEmpty() && isFirst(program.name() + " " + use.name() + " " + fault)) {
            Event.PROGRAM_STALE
                .with("program_id", program.id())
                .with("field", use.name())
                .say("%s is stale: %s: %s".formatted(program, use.name(), fault));
          }
        }
      }
    }
  }

  private static boolean isSame(LoadedProgram old, LoadedProgram program) {
    return old.id() == program.id() && old.uses().equals(program.uses());
  }

  /**
   * A program that is loaded again and again has the same fault each time, which is logged once.
   */
  private boolean isFirst(String fault) {
    return told.size() < MAX_TOLD && told.add(fault);
  }

  private boolean takeTurn() throws InterruptedException {
    long waitMs = nextLookMs;
    nextLookMs = PERIOD_MS; // in case this turn fails
    if (!sleep(waitMs)) {
      return false;
    }
    nextLookMs = watch();
    return true;
  }

  /** Returns whether to look now; false if the thread is to stop. */
  private synchronized boolean sleep(long waitMs) throws InterruptedException {
    long untilNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs);
    long leftMs = waitMs;
    while (!stopped && !woken && leftMs > 0) {
      wait(leftMs);
      leftMs = TimeUnit.NANOSECONDS.toMillis(untilNs - System.nanoTime());
      leftMs = Math.min(leftMs, nextEndMs(lookedAgeMs) - engine.now().ageMs());
    }
    woken = false;
    return !stopped;
  }

  /** The quarantine of a field that was just retired may end before the next look is due. */
  @Override
  public void committed(Snapshot snapshot, List<Change> changes) {
    if (engine.rules().quarantineMs() < longestRestMs()
        && changes.stream().anyMatch(change -> change.field().is(FieldState.RETIRED))) {
      synchronized (this) {
        notifyAll();
      }
    }
  }

  /** The age at which the next quarantine ends that a look at the given age was too early for. */
  private long nextEndMs(long ageMs) {
    return Tick.nextQuarantineEndMs(engine.snapshot(), engine.rules(), ageMs);
  }

  /** Whether both threads run, or were told to end. */
  public boolean isWell() {
    return !worker.isLost() && !listener.isLost();
  }

  public List<String> problems() {
    List<String> problems = new ArrayList<>(defects.problems());
    problems.addAll(worker.problems());
    problems.addAll(listener.problems());
    return problems;
  }

  /** Returns when the last look has ended. */
  @Override
  public void close() throws InterruptedException {
    synchronized (this) {
      stopped = true;
      notifyAll();
    }
    worker.join();
    ProgramEvents told = events;
    if (told != null) {
      told.close();
    }
    listener.join();
  }
}
