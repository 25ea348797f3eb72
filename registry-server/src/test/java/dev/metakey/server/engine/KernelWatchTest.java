package dev.metakey.server.engine;

import static dev.metakey.server.domain.Loaded.place;
import static dev.metakey.server.domain.Loaded.program;
import static dev.metakey.server.domain.Loaded.use;
import static dev.metakey.server.engine.WaitersTest.refusal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.Release;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Start;
import dev.metakey.server.storage.StoreException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Looks at the kernel that the tests take by hand; the thread only repeats them. */
@Timeout(60)
class KernelWatchTest {
  private static final Peer ROOT = new Peer(0, 0, 1, "metakeyd").withPrivileges();
  private static final Peer EDGE = new Peer(1000, 1000, 2, "edge");
  private static final Peer TRACER = new Peer(1000, 1000, 3, "tracer");
  private static final Duration QUARANTINE = Duration.ofSeconds(7);
  private static final LoadedProgram USER = program(42, use("a", 8, place(0, 24, 1)));

  private final FakeStore store = new FakeStore();
  private final FakeClock clock = new FakeClock();
  private final FakePrograms programs = new FakePrograms();
  private Engine engine;
  private KernelWatch watch;

  @BeforeEach
  void start() throws StoreException {
    engine =
        new Engine(
            store,
            new Rules(QUARANTINE.toMillis(), 0),
            new Retention(100, Duration.ofDays(1).toMillis()),
            ROOT,
            clock,
            Limits.DEFAULTS);
    watch = new KernelWatch(engine, programs);
    engine.run(watch.look());
    engine.run(new Start("boot-1", Layout.SLOTTED, 128, false, Tag.NONE));
    engine.run(new Register(List.of(FieldSpec.of("a", 8))));
  }

  @CanIgnoreReturnValue
  private int turn() {
    try {
      return engine.doWork(0);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private FieldState state() {
    return engine.snapshot().byId(0).state();
  }

  @Test
  void watch_whileNothingIsNew_leavesTheWriterAloneAndLooksLessAndLessOften() {
    assertThat(watch.watch()).isEqualTo(10_000);
    clock.advance(Duration.ofHours(1));
    assertThat(watch.watch()).isEqualTo(20_000);
    assertThat(watch.watch()).isEqualTo(40_000);
    assertThat(watch.watch()).isEqualTo(60_000);
    assertThat(watch.watch()).isEqualTo(60_000);

    assertThat(engine.queued()).isZero();
    assertThat(programs.looks()).isEqualTo(6);
    programs.load(USER);
    assertThat(watch.watch()).isEqualTo(5_000);
  }

  /** Without the events it would look after 10, 20, 40 seconds. */
  @Test
  void listen_whenTheKernelTellsOfAProgram_looksEachTime() throws InterruptedException {
    FakeEvents events = new FakeEvents();
    watch.listen(events);
    watch.start();
    for (int i = 1; i <= 5; i++) {
      int before = programs.looks();
      programs.load(program(i));
      events.happened();
      while (programs.looks() == before) {
        Thread.onSpinWait();
      }
      turn();
    }
    watch.close();
    assertThat(events.closed.getCount()).isZero();
    assertThat(watch.isWell()).isTrue();
  }

  @Test
  void listen_whenTheKernelTellsNoMore_goesOnLooking() throws InterruptedException {
    FakeEvents events = new FakeEvents();
    events.broken = true;
    watch.listen(events);
    watch.start();
    int before = programs.looks();
    events.happened();
    while (programs.looks() == before) {
      Thread.onSpinWait();
    }
    watch.close();
    assertThat(watch.isWell()).isTrue();
  }

  private static final class FakeEvents implements ProgramEvents {
    private final Semaphore happened = new Semaphore(0);
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean broken;

    void happened() {
      happened.release();
    }

    @Override
    public boolean await() throws IOException {
      happened.acquireUninterruptibly();
      if (broken) {
        throw new IOException("the kernel tells no more");
      }
      return closed.getCount() > 0;
    }

    @Override
    public void close() {
      closed.countDown();
      happened.release();
    }
  }

  @Test
  void watch_whenAProgramComesOrGoes_tellsTheWriterOnce() {
    programs.load(USER);
    watch.watch();
    assertThat(turn()).isEqualTo(1);
    assertThat(engine.programs().loaded()).containsExactly(USER);
    watch.watch();
    assertThat(engine.queued()).isZero();

    programs.load();
    watch.watch();
    assertThat(turn()).isEqualTo(1);
    assertThat(engine.programs().loaded()).isEmpty();
  }

  @Test
  void watch_whenAQuarantineEnds_looksJustThenAndTheIdIsFree() {
    engine.run(new Release("a", 0));
    clock.advance(Duration.ofSeconds(3));
    assertThat(watch.watch()).isEqualTo(4_000);
    turn();
    assertThat(state()).isEqualTo(FieldState.RETIRED);

    clock.advance(Duration.ofSeconds(4));
    assertThat(watch.watch()).isEqualTo(5_000);
    turn();

    assertThat(state()).isEqualTo(FieldState.FREE);
  }

  @Test
  void watch_whenTheIdIsStillLinked_neitherSpinsNorBothersTheWriter() {
    engine.run(new Release("a", 0));
    programs.load(USER); // after the release
    clock.advance(QUARANTINE);
    assertThat(watch.watch()).isEqualTo(5_000);
    turn();
    assertThat(state()).isEqualTo(FieldState.RETIRED);
    int commits = store.commits().size();

    clock.advance(Duration.ofSeconds(5));
    assertThat(watch.watch()).isEqualTo(10_000);
    assertThat(engine.queued()).isZero();
    assertThat(turn()).isZero();
    assertThat(store.commits()).hasSize(commits);

    programs.load();
    assertThat(watch.watch()).isEqualTo(5_000);
    turn();
    assertThat(state()).isEqualTo(FieldState.FREE);
  }

  @Test
  void watch_whenNothingCanBeSeen_saysSoOnceAndFreesNothing() {
    engine.run(new Release("a", 0));
    programs.hide("needs CAP_BPF");
    clock.advance(QUARANTINE);
    assertThat(watch.watch()).isEqualTo(5_000);
    turn();
    assertThat(engine.programs().blindness()).isEqualTo("needs CAP_BPF");
    assertThat(state()).isEqualTo(FieldState.RETIRED);
    clock.advance(Duration.ofSeconds(5));
    assertThat(watch.watch()).isEqualTo(10_000);
    assertThat(engine.queued()).isZero();

    programs.load();
    watch.watch();
    turn();

    assertThat(engine.programs().blindness()).isEmpty();
    assertThat(state()).isEqualTo(FieldState.FREE);
  }

  @Test
  void watch_whenTheQueueIsFull_triesAgainNextTime() {
    for (int i = 0; i < Limits.DEFAULTS.queued().total(); i++) {
      var unused = engine.submit(new Register(List.of(FieldSpec.of("new", 8))), ROOT);
    }
    programs.load(USER);
    assertThat(watch.watch()).isEqualTo(5_000);
    while (engine.queued() > 0) {
      turn();
    }
    assertThat(engine.programs().loaded()).isEmpty();

    watch.watch();
    turn();

    assertThat(engine.programs().loaded()).containsExactly(USER);
  }

  @Test
  void look_whenTheSourceHasADefect_isBlindAndTellsOfIt() {
    KernelWatch broken =
        new KernelWatch(
            engine,
            withPids -> {
              throw new IllegalStateException("a defect in the source");
            });

    assertThat(broken.look().blindness()).contains("a defect of metakeyd");
    assertThat(broken.problems())
        .containsExactly(
            "looking at loaded programs met a defect once and goes on; the daemon's log has the cause, please report it");
  }

  @Test
  void observe_whenManyAskBeforeTheLookBegins_looksOnceForAllOfThem() {
    List<Runnable> tasks = new ArrayList<>();
    int looks = programs.looks();
    programs.load(USER);

    var first = watch.observe(tasks::add);
    var second = watch.observe(tasks::add);
    first.cancel(false);
    assertThat(tasks).hasSize(1);
    tasks.remove(0).run();
    turn();

    assertThat(programs.looks()).isEqualTo(looks + 1);
    assertThat(second.join().value().loaded()).containsExactly(USER);
    var later = watch.observe(tasks::add);
    assertThat(tasks).as("what is loaded by now is not in the look that began before").hasSize(1);
    assertThat(later).isNotDone();
  }

  @Test
  void observe_whenProgramsCame_completesWhenTheWriterKnows() {
    programs.load(USER);
    var known = watch.observe(Runnable::run);
    assertThat(known).isNotDone();
    turn();
    assertThat(known.join().value().loaded()).containsExactly(USER);
    var release = engine.submit(new Release("a", 0), ROOT);
    turn();
    assertThat(refusal(release).reason()).isEqualTo(Reason.IN_USE);
  }

  @Test
  void release_whenTheCallerOnlyLeavesAField_needsNoLook() {
    share("b", EDGE, TRACER);
    int looks = programs.looks();

    var left = watch.release(new Release("b", 0), TRACER, Runnable::run);
    turn();

    assertThat(left.join().value().owners()).containsExactly(EDGE.owner());
    assertThat(programs.looks()).isEqualTo(looks);
  }

  @Test
  void release_whenTheOtherOwnerLeavesFirst_looksBeforeItRetiresTheField() {
    share("b", EDGE, TRACER);
    programs.load(program(42, use("b", 8, place(1, 32, 1))));

    var first = watch.release(new Release("b", 0), TRACER, Runnable::run);
    var last = watch.release(new Release("b", 0), EDGE, Runnable::run);
    while (turn() > 0) {}

    assertThat(first).isCompleted();
    assertThatThrownBy(last::join)
        .cause()
        .isInstanceOfSatisfying(
            MetakeyException.class,
            refused -> assertThat(refused.reason()).isEqualTo(Reason.IN_USE));
    assertThat(engine.snapshot().byName("b").owners()).containsExactly(EDGE.owner());
  }

  private void share(String name, Peer... owners) {
    for (Peer owner : owners) {
      var unused = engine.submit(new Register(List.of(FieldSpec.of(name, 8).shared())), owner);
      turn();
    }
  }

  @Test
  void users_whenAsked_haveTheirProcesses() {
    programs.load(USER);
    assertThat(watch.users())
        .singleElement()
        .extracting(LoadedProgram::pids)
        .isEqualTo(List.of(4711));

    programs.hide("needs CAP_BPF");
    assertThatThrownBy(watch::users)
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.UNAVAILABLE))
        .hasMessageContaining("needs CAP_BPF");
  }

  @Test
  void close_whileItSleeps_returns() throws InterruptedException {
    watch.start();
    watch.close();

    assertThat(engine.queued()).isZero();
  }
}
