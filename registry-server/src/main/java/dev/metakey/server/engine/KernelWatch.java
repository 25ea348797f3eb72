package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Drift;
import dev.metakey.server.domain.Observe;
import dev.metakey.server.domain.Programs;
import dev.metakey.server.domain.Tick;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks what the kernel has loaded, and tells the writer what is new: the thread {@code
 * registry-kernel}, and whoever needs to know at once.
 *
 * <p>While nothing changes it looks less and less often. Nothing is decided by what was seen long
 * ago: who releases a field has it look first, and a quarantine ends with a look.
 *
 * <p>A look counts from when it began: what is loaded while it lasts may not be in it. Two that
 * overlap are put in order by the writer ({@link Observe}).
 */
public final class KernelWatch implements CommitListener, AutoCloseable {
  /** From a look that found something new to the next, milliseconds. */
  static final long PERIOD_MS = 5_000;

  /** From one look to the next where nothing has been new for long, milliseconds. */
  static final long REST_MS = 60_000;

  /** Likewise where the kernel tells of programs that come and go, milliseconds. */
  private static final long TOLD_REST_MS = 600_000;

  /** Programs come and go by groups, and one that goes is still there when that is told. */
  private static final long GROUP_MS = 500;

  private static final Logger log = LoggerFactory.getLogger(KernelWatch.class);

  /** So many faults of programs are told of; status and users show all of them. */
  private static final int MAX_TOLD = 1_000;

  private final Set<String> told = ConcurrentHashMap.newKeySet();
  private final Engine engine;
  private final ProgramSource source;
  private final Defects defects = new Defects("looking at loaded programs");
  private final Worker worker =
      new Worker("registry-kernel", "looks at what the kernel has loaded", this::takeTurn);
  private long restMs = PERIOD_MS; // this and the next: for the thread
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

  /** From now on looks when it is told to, and else hardly ever. Closes the events in the end. */
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
      log.warn("{}; metakeyd looks at them now and then", e.getMessage());
      events = null;
      wake();
      return false;
    }
  }

  /** So that programs that come and go all the time cost two looks a second at most. */
  private synchronized void pause() throws InterruptedException {
    long untilNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(GROUP_MS);
    long leftMs = GROUP_MS;
    while (!stopped && leftMs > 0) {
      wait(leftMs);
      leftMs = TimeUnit.NANOSECONDS.toMillis(untilNs - System.nanoTime());
    }
  }

  private synchronized void wake() {
    woken = true;
    notifyAll();
  }

  private long longestRestMs() {
    return events == null ? REST_MS : TOLD_REST_MS;
  }

  /** Looks. Takes its time: not for an event loop, and not for the writer. */
  public Observe look() {
    long ageMs = engine.ageMs();
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
   * Looks now, and tells the writer. Those who ask before the look begins share it: so many
   * releases, by whomever, cost few looks.
   *
   * @param readers has a thread for looking
   * @return completes when the writer knows; fails with UNAVAILABLE if too many calls wait for it
   * @throws RejectedExecutionException if no thread is free
   */
  public synchronized CompletableFuture<Reply<Programs>> observe(Executor readers) {
    CompletableFuture<Reply<Programs>> shared = notBegun;
    if (shared == null) {
      CompletableFuture<Observe> look = new CompletableFuture<>();
      shared = look.thenCompose(engine::observe);
      notBegun = shared;
      try {
        readers.execute(() -> look.complete(lookForAll()));
      } catch (RejectedExecutionException e) {
        notBegun = null;
        throw e;
      }
    }
    return shared.copy(); // one who goes away keeps nobody else from being told
  }

  private Observe lookForAll() {
    synchronized (this) {
      notBegun = null;
    }
    return look();
  }

  /**
   * Submits what is to be decided on what is loaded now, not on what was seen a while ago. But
   * looking is costly: so not for a command that is refused whatever is loaded.
   *
   * @param readers has a thread for looking
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
   * What is loaded now, with the processes that hold it open. Takes its time.
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
   * One look of the thread's. Bothers the writer only with what is new, or what an id waits for
   * that could be freed.
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
      var unused = engine.observe(seen); // a full queue is not a failure: then next time
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
      log.warn("loaded programs cannot be seen: {}", seen.blindness());
      return;
    }
    for (LoadedProgram program : seen.loaded()) {
      if (known.loaded().stream().noneMatch(old -> isSame(old, program))) {
        for (FieldUse use : program.uses()) {
          String fault = Drift.faultOf(engine.snapshot(), engine.tag(), use);
          if (!fault.isEmpty() && isFirst(program.name() + " " + use.name() + " " + fault)) {
            log.warn("{} is stale: {}: {}", program, use.name(), fault);
          }
        }
      }
    }
  }

  private static boolean isSame(LoadedProgram old, LoadedProgram program) {
    return old.id() == program.id() && old.uses().equals(program.uses());
  }

  /** A program that is loaded again and again says the same each time, and is told of once. */
  private boolean isFirst(String fault) {
    return told.size() < MAX_TOLD && told.add(fault);
  }

  private boolean takeTurn() throws InterruptedException {
    long waitMs = nextLookMs;
    nextLookMs = PERIOD_MS; // should this turn fail
    if (!sleep(waitMs)) {
      return false;
    }
    nextLookMs = watch();
    return true;
  }

  /** Whether to look now; false: stop. */
  private synchronized boolean sleep(long waitMs) throws InterruptedException {
    long untilNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs);
    long leftMs = waitMs;
    while (!stopped && !woken && leftMs > 0) {
      wait(leftMs);
      leftMs = TimeUnit.NANOSECONDS.toMillis(untilNs - System.nanoTime());
      leftMs = Math.min(leftMs, nextEndMs(lookedAgeMs) - engine.ageMs());
    }
    woken = false;
    return !stopped;
  }

  /** A field that was retired may be due before the next look. */
  @Override
  public void committed(Snapshot snapshot, List<Change> changes) {
    if (engine.rules().quarantineMs() < longestRestMs()
        && changes.stream().anyMatch(change -> change.field().is(FieldState.RETIRED))) {
      synchronized (this) {
        notifyAll();
      }
    }
  }

  /** When the next quarantine ends that the look at an age could not end. */
  private long nextEndMs(long ageMs) {
    return Tick.nextQuarantineEndMs(engine.snapshot(), engine.rules(), ageMs);
  }

  /** Whether the thread runs, or was told to end. */
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
