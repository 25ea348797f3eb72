package dev.metakey.server.engine;

import static dev.metakey.server.engine.WaitersTest.refusal;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.Outcome;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Sharing;
import dev.metakey.server.domain.Register;
import dev.metakey.server.engine.EngineThreads.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The engine with its threads. */
@Timeout(60)
class EngineThreadsTest {
  private static final Peer EDGE = new Peer(1000, 1000, 100, "edge.service");

  private static final FieldSpec TEMPORARY =
      new FieldSpec("temporary", 2, "", Format.DEC, Merge.UNSPECIFIED, Sharing.EXCLUSIVE, 60_000);

  private final FakeStore store = new FakeStore();
  private CompletableFuture<?> inTheBatch = new CompletableFuture<>();

  private Engine engine() throws Exception {
    return Engines.begun(store, HostClock.ofThisHost("boot-1"), EDGE);
  }

  private static CompletableFuture<?> register(Engine engine, String name) {
    return engine.submit(new Register(List.of(FieldSpec.of(name, 2))), EDGE);
  }

  @Test
  void start_whenCallsAreSubmitted_answersThemOnTheWritersThread() throws Exception {
    Engine engine = engine();
    try (EngineThreads threads = new EngineThreads(engine, () -> {}, Progress.UNWATCHED)) {
      threads.start();
      AtomicReference<String> thread = new AtomicReference<>();
      engine.addListener((snapshot, changes) -> thread.set(Thread.currentThread().getName()));

      register(engine, "a").get(10, SECONDS);
      register(engine, "b").get(10, SECONDS); // by now the listener was told of a

      assertThat(thread).hasValue("registry-writer");
      var waiting = engine.await(List.of("c"), 20, EDGE).handle((reply, why) -> why);
      assertThat(waiting.get(10, SECONDS)).hasMessageContaining("waited 20 ms");
    }
  }

  /** Has each commit wait. Returns what the first one opens as it begins. */
  private CountDownLatch commitsWaitFor(CountDownLatch goOn) {
    CountDownLatch committing = new CountDownLatch(1);
    store.whileCommitting(
        () -> {
          committing.countDown();
          await(goOn);
        });
    return committing;
  }

  @Test
  void start_whileACommitTakesLong_gathersTheCallsForOneMore() throws Exception {
    Engine engine = engine();
    CountDownLatch goOn = new CountDownLatch(1);
    CountDownLatch committing = commitsWaitFor(goOn);
    List<CompletableFuture<?>> calls = new ArrayList<>();
    try (EngineThreads threads = new EngineThreads(engine, () -> {}, Progress.UNWATCHED)) {
      threads.start();
      calls.add(register(engine, "first"));
      await(committing);
      for (int i = 0; i < 30; i++) {
        calls.add(register(engine, "f" + i));
      }
      assertThat(engine.snapshot().byName("first")).isNull();
      goOn.countDown();
      for (CompletableFuture<?> call : calls) {
        call.get(10, SECONDS);
      }
    }
    assertThat(store.commits()).endsWith(1, 30);
  }

  @Test
  void close_whileManyThreadsSubmitAndWait_leavesNobodyWithoutAnAnswer() throws Exception {
    for (int round = 0; round < 200; round++) {
      Engine engine = engine();
      EngineThreads threads = new EngineThreads(engine, () -> {}, Progress.UNWATCHED);
      threads.start();
      CyclicBarrier start = new CyclicBarrier(4);
      List<CompletableFuture<List<CompletableFuture<?>>>> submitters = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        submitters.add(
            CompletableFuture.supplyAsync(
                () -> submitUntilRefused(engine, start), task -> new Thread(task).start()));
      }
      start.await(10, SECONDS);
      threads.close();

      for (var submitter : submitters) {
        for (CompletableFuture<?> call : submitter.get(10, SECONDS)) {
          call.handle((reply, failure) -> "answered").get(10, SECONDS);
        }
      }
      assertThat(engine.waiting()).isZero();
    }
  }

  /** Registers and waits in turn, until the engine has stopped. */
  private static List<CompletableFuture<?>> submitUntilRefused(Engine engine, CyclicBarrier start) {
    arrive(start);
    List<CompletableFuture<?>> calls = new ArrayList<>();
    boolean stopped = false;
    while (!stopped && calls.size() < 100_000) {
      CompletableFuture<?> waiting = engine.await(List.of("nobody"), 60_000, EDGE);
      calls.add(waiting);
      calls.add(register(engine, "a"));
      stopped =
          waiting.isCompletedExceptionally() && refusal(waiting).reason() == Reason.UNAVAILABLE;
    }
    calls.add(register(engine, "b"));
    return calls;
  }

  private static void arrive(CyclicBarrier start) {
    try {
      start.await(10, SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** An engine whose writer is in the middle of a commit that does not end before {@code goOn}. */
  private Engine hung(FakeClock clock, CountDownLatch goOn) throws Exception {
    Engine engine = Engines.begun(store, clock, EDGE);
    engine.run(new Register(List.of(FieldSpec.of("known", 2), TEMPORARY)));
    CountDownLatch committing = new CountDownLatch(1);
    store.whileCommitting(
        () -> {
          committing.countDown();
          await(goOn);
        });
    var unused = CompletableFuture.runAsync(() -> turn(engine), task -> new Thread(task).start());
    inTheBatch = register(engine, "first");
    await(committing);
    return engine;
  }

  private static void turn(Engine engine) {
    try {
      engine.doWork(10_000);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void keepTime_whileTheDiskHangs_endsWaitsWhoseTimeIsOver() throws Exception {
    FakeClock clock = new FakeClock();
    CountDownLatch goOn = new CountDownLatch(1);
    Engine engine = hung(clock, goOn);
    var waiting = engine.await(List.of("nobody"), 1_000, EDGE);

    clock.advance(Duration.ofSeconds(1));
    engine.keepTime(0);

    assertThat(refusal(waiting).reason()).isEqualTo(Reason.DEADLINE_EXCEEDED);
    goOn.countDown();
  }

  @Test
  void submit_whileTheDiskHangs_answersWhatChangesNothing() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    Engine engine = hung(new FakeClock(), goOn);

    var again = engine.submit(new Register(List.of(FieldSpec.of("known", 2))), EDGE);
    var renewed = engine.submit(new Register(List.of(TEMPORARY)), EDGE);

    assertThat(again).isCompleted();
    assertThat(again.join().value().get(0).outcome()).isEqualTo(Outcome.EXISTING);
    assertThat(renewed).isCompleted();
    goOn.countDown();
  }

  @Test
  void keepTime_whenTheDiskHangsForSeconds_refusesWhatWaitsAndSaysSoUntilItAnswers()
      throws Exception {
    FakeClock clock = new FakeClock();
    CountDownLatch goOn = new CountDownLatch(1);
    Engine engine = hung(clock, goOn);
    List<Boolean> health = new ArrayList<>();
    engine.onHealth(health::add);
    CompletableFuture<?> queued = register(engine, "queued");

    clock.advance(Duration.ofSeconds(2));
    CompletableFuture<?> renewed = engine.submit(new Register(List.of(TEMPORARY)), EDGE);
    engine.keepTime(0);
    assertThat(engine.storeProblem()).isNull();
    clock.advance(Duration.ofSeconds(1));
    engine.keepTime(0);

    assertThat(engine.storeProblem()).contains("has not answered for 3 s");
    assertThat(health).containsExactly(false);
    assertThat(refusal(queued).reason()).isEqualTo(Reason.STORE_FAILED);
    assertThat(refusal(queued)).hasMessageContaining("nothing was changed");
    assertThat(refusal(register(engine, "late")).reason()).isEqualTo(Reason.STORE_FAILED);
    assertThat(inTheBatch).isNotDone();
    assertThat(renewed).isCompleted();
    assertThat(engine.queued()).as("the renewal is noted when the disk answers").isEqualTo(1);

    goOn.countDown();
    inTheBatch.get(10, SECONDS);
    while (engine.storeProblem() != null) {
      Thread.onSpinWait();
    }
    engine.keepTime(0);

    assertThat(health).containsExactly(false, true);
    assertThat(engine.snapshot().byName("first")).isNotNull();
    assertThat(engine.snapshot().byName("queued")).isNull();
    CompletableFuture<?> after = register(engine, "after");
    turn(engine);
    assertThat(after).isCompleted();
  }

  @Test
  void start_whenATurnMeetsAnError_failsThatBatchAndGoesOn() throws Exception {
    AtomicInteger errors = new AtomicInteger();
    Engine engine =
        Engines.begun(
            store,
            new HostClock() {
              private final HostClock real = HostClock.ofThisHost("boot-1");

              @Override
              public long wallMs() {
                return real.wallMs();
              }

              @Override
              public long bootMs() {
                if (Thread.currentThread().getName().equals("registry-writer")
                    && errors.compareAndSet(1, 2)) {
                  throw new OutOfMemoryError("injected");
                }
                return real.bootMs();
              }

              @Override
              public String bootId() {
                return real.bootId();
              }
            },
            EDGE);
    try (EngineThreads threads = new EngineThreads(engine, () -> {}, Progress.UNWATCHED)) {
      threads.start();
      engine.addListener((snapshot, changes) -> errors.compareAndSet(0, 1));
      register(engine, "before").get(10, SECONDS); // the next turn meets the error
      CompletableFuture<?> failed = register(engine, "failed");
      assertThat(failed.handle((reply, why) -> why).get(10, SECONDS)).isNotNull();

      CompletableFuture<?> after = register(engine, "after");
      while (!after.isDone() || after.isCompletedExceptionally()) {
        after = after.isDone() ? register(engine, "after") : after;
        Thread.onSpinWait();
      }

      assertThat(threads.problems())
          .containsExactly(
              "the thread registry-writer, which makes changes durable, met a defect once and goes on; the daemon's log has the cause, please report it");
      assertThat(threads.areWell()).isTrue();
      assertThat(engine.storeProblem()).isNull();
    }
  }

  /** Counts the signs of life. */
  private static final class Signs implements Progress {
    private final Semaphore given = new Semaphore(0);

    @Override
    public long everyMs() {
      return 10;
    }

    @Override
    public void goesOn() {
      given.release();
    }
  }

  @Test
  void progress_whenNobodySubmits_isToldAllTheSame() throws Exception {
    Signs signs = new Signs();
    try (EngineThreads threads = new EngineThreads(engine(), () -> {}, signs)) {
      threads.start();
      assertThat(signs.given.tryAcquire(3, 10, SECONDS)).isTrue();
    }
  }

  @Test
  void progress_whileTheStoreDoesNotAnswer_isToldAllTheSame() throws Exception {
    Engine engine = engine();
    CountDownLatch goOn = new CountDownLatch(1);
    CountDownLatch committing = commitsWaitFor(goOn);
    Signs signs = new Signs();
    try (EngineThreads threads = new EngineThreads(engine, () -> {}, signs)) {
      threads.start();
      CompletableFuture<?> call = register(engine, "a");
      await(committing);
      signs.given.drainPermits();

      assertThat(signs.given.tryAcquire(3, 10, SECONDS)).isTrue();
      goOn.countDown();
      call.get(10, SECONDS);
    }
  }

  @Test
  void progress_whileTheWriterIsStuckOutsideOfTheStore_isNotTold() throws Exception {
    Engine engine = engine();
    CountDownLatch stuck = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    engine.addListener(
        (snapshot, changes) -> {
          stuck.countDown();
          await(goOn);
        });
    Signs signs = new Signs();
    Semaphore turns = new Semaphore(0);
    try (EngineThreads threads = new EngineThreads(engine, turns::release, signs)) {
      threads.start();
      register(engine, "a").get(10, SECONDS);
      await(stuck);
      signs.given.drainPermits();
      turns.drainPermits();

      assertThat(turns.tryAcquire(3, 10, SECONDS)).isTrue(); // the timer's
      assertThat(signs.given.availablePermits()).isZero();
      goOn.countDown();
    }
  }
}
