package dev.metakey.server.engine;

import static dev.metakey.server.engine.WaitersTest.refusal;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Start;
import dev.metakey.server.storage.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The engine with its thread. */
@Timeout(60)
class WriterThreadTest {
  private static final Peer EDGE = new Peer(1000, 1000, 100, "edge.service");

  private final FakeStore store = new FakeStore();

  private Engine engine() throws StoreException {
    Engine engine =
        new Engine(
            store,
            new Rules(600_000, 0),
            new Engine.Retention(100, 86_400_000),
            EDGE,
            System::currentTimeMillis);
    engine.run(new Start("boot-1", Layout.SLOTTED, 128, false));
    return engine;
  }

  private static CompletableFuture<?> register(Engine engine, String name) {
    return engine.submit(new Register(List.of(FieldSpec.of(name, 2))), EDGE);
  }

  @Test
  void start_whenCallsAreSubmitted_answersThemOnTheWritersThread() throws Exception {
    Engine engine = engine();
    try (WriterThread writer = new WriterThread(engine)) {
      writer.start();
      AtomicReference<String> thread = new AtomicReference<>();
      engine.addListener((snapshot, changes) -> thread.set(Thread.currentThread().getName()));

      register(engine, "a").get(10, SECONDS);
      register(engine, "b").get(10, SECONDS); // so that a was told

      assertThat(thread).hasValue("registry-writer");
      var waiting = engine.await(List.of("c"), 20, EDGE).handle((reply, why) -> why);
      assertThat(waiting.get(10, SECONDS)).hasMessageContaining("waited 20 ms");
    }
  }

  @Test
  void start_whileACommitTakesLong_gathersTheCallsForOneMore() throws Exception {
    Engine engine = engine();
    CountDownLatch committing = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    store.whileCommitting(
        () -> {
          committing.countDown();
          await(goOn);
        });
    List<CompletableFuture<?>> calls = new ArrayList<>();
    try (WriterThread writer = new WriterThread(engine)) {
      writer.start();
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
      WriterThread writer = new WriterThread(engine);
      writer.start();
      CyclicBarrier start = new CyclicBarrier(4);
      List<CompletableFuture<List<CompletableFuture<?>>>> submitters = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        submitters.add(
            CompletableFuture.supplyAsync(
                () -> submitUntilRefused(engine, start), task -> new Thread(task).start()));
      }
      start.await(10, SECONDS);
      writer.close();

      for (var submitter : submitters) {
        for (CompletableFuture<?> call : submitter.get(10, SECONDS)) {
          call.handle((reply, failure) -> "answered").get(10, SECONDS);
        }
      }
      assertThat(engine.pending()).isEmpty();
    }
  }

  /** Registers and waits by turns, until the engine has stopped. */
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
}
