package dev.metakey.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Pending;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Limits;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class WaitersTest {
  private static final Peer TRACER = new Peer(1000, 1000, 42, "tracer.service");
  private static final long NOW = 1_000_000;

  private volatile Snapshot snapshot = Snapshot.empty(new UUID(1, 2), Layout.SLOTTED, 128);
  private static final int MAX = 64;
  private static final Limits.Bound BOUND = new Limits.Bound("waiting calls", MAX, 1_000, 10);

  private final Waiters waiters = new Waiters(() -> snapshot, BOUND, peer -> false);

  /** Registers one field more, and tells the waiters as the writer does. */
  private void register(String name) {
    show(name);
    waiters.committed();
  }

  private void show(String name) {
    List<Field> fields = new ArrayList<>(snapshot.records());
    fields.add(
        new Field.Builder(fields.size(), FieldSpec.of(name, 2), FieldState.ACTIVE)
            .generation(1)
            .build());
    RegistryInfo info = snapshot.info().withRevision(snapshot.info().revision() + 1);
    snapshot = Snapshot.of(info, fields);
  }

  private CompletableFuture<Reply<List<Field>>> await(String... names) {
    return waiters.add(List.of(names), TRACER, NOW, NOW + 1_000);
  }

  private static List<String> names(CompletableFuture<Reply<List<Field>>> answer) {
    assertThat(answer).isCompleted();
    return answer.join().value().stream().map(Field::name).toList();
  }

  static MetakeyException refusal(CompletableFuture<?> answer) {
    assertThat(answer).isCompletedExceptionally();
    return (MetakeyException) answer.handle((reply, failure) -> failure).join();
  }

  @Test
  void add_whenNamesAreThere_answersAtOnce() {
    register("a");

    assertThat(names(await("a"))).containsExactly("a");
    assertThat(names(await("kernel.rx_hash", "a"))).containsExactly("kernel.rx_hash", "a");
    assertThat(pending()).isEmpty();
    assertThat(waiters.nextDeadlineMs()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void committed_whenTheLastNameIsThere_answersInTheOrderOfTheNames() {
    var answer = await("b", "a");

    register("a");
    assertThat(answer).isNotDone();
    register("other");
    assertThat(answer).isNotDone();
    register("b");

    assertThat(names(answer)).containsExactly("b", "a");
    assertThat(answer.join().info().revision()).isEqualTo(3);
    assertThat(pending()).isEmpty();
  }

  @Test
  void committed_whenOneWaiterIsAnswered_itIsNoLongerPendingForWhomeverItTells() {
    var seen = await("a").thenApply(reply -> pending());
    var unanswered = await("b");

    register("a");

    assertThat(seen.join()).extracting(Pending::names).containsExactly(List.of("b"));
    assertThat(unanswered).isNotDone();
  }

  @Test
  void expire_whenDeadlineComes_refusesNamingWhatIsMissing() {
    register("packet_id");
    var answer = await("packet_id", "paket_id");

    waiters.expire(NOW + 999);
    assertThat(answer).isNotDone();
    waiters.expire(NOW + 1_000);

    MetakeyException refusal = refusal(answer);
    assertThat(refusal.reason()).isEqualTo(Reason.DEADLINE_EXCEEDED);
    assertThat(refusal.text())
        .startsWith("waited 1000 ms: paket_id is not known here; did you mean packet_id?");
    assertThat(refusal.facts()).containsEntry("missing", "paket_id");
    assertThat(pending()).isEmpty();
  }

  @Test
  void nextDeadlineMs_whenSeveralWait_isTheFirst() {
    var later = waiters.add(List.of("a"), TRACER, NOW, NOW + 500);
    var sooner = waiters.add(List.of("b"), TRACER, NOW, NOW + 100);

    assertThat(waiters.nextDeadlineMs()).isEqualTo(NOW + 100);
    waiters.expire(NOW + 100);
    assertThat(refusal(sooner).reason()).isEqualTo(Reason.DEADLINE_EXCEEDED);
    assertThat(later).isNotDone();
    assertThat(waiters.nextDeadlineMs()).isEqualTo(NOW + 500);
  }

  @Test
  void add_whenTooManyWait_refusesWithFactsAndStillAnswersWhatIsThere() {
    List<CompletableFuture<Reply<List<Field>>>> answers = new ArrayList<>();
    for (int i = 0; i < MAX; i++) {
      answers.add(await("a"));
    }

    MetakeyException refusal = refusal(await("a"));
    assertThat(refusal.reason()).isEqualTo(Reason.TOO_MANY_WAITERS);
    assertThat(refusal.text()).contains("uid 1000 has 64 waiting calls already");
    assertThat(refusal.facts()).containsEntry("limit", "64").containsEntry("used", "64");
    assertThat(names(await("kernel.rx_hash"))).containsExactly("kernel.rx_hash");
    assertThat(pending()).hasSize(MAX);

    register("a");
    assertThat(answers).allSatisfy(answer -> assertThat(answer).isCompleted());
    assertThat(pending()).isEmpty();
    assertThat(await("b")).isNotDone();
  }

  @Test
  void cancel_whenNobodyWantsTheAnswer_makesRoom() {
    List<CompletableFuture<Reply<List<Field>>>> answers = new ArrayList<>();
    for (int i = 0; i < MAX; i++) {
      answers.add(await("a"));
    }

    assertThat(answers.get(7).cancel(false)).isTrue();

    assertThat(pending()).hasSize(MAX - 1);
    assertThat(await("b")).isNotDone();
  }

  @Test
  void refuseAll_whenStopping_refusesAllAndWhoeverComesLater() {
    var answer = await("a");
    MetakeyException why = new MetakeyException(Reason.UNAVAILABLE, "stopping");
    register("there");

    waiters.refuseAll(why);

    assertThat(refusal(answer)).isSameAs(why);
    assertThat(refusal(await("a"))).isSameAs(why);
    assertThat(names(await("there"))).containsExactly("there");
    assertThat(pending()).isEmpty();
  }

  private List<Pending> pending() {
    return waiters.pending(0, 1_000, 0).pending();
  }

  @Test
  void pending_whenThereAreMoreThanAPage_goesOnAfterTheLastWhoeverLeft() {
    for (int i = 0; i < 5; i++) {
      var unused = await("n" + i);
    }
    PendingPage first = waiters.pending(0, 2, 0);
    assertThat(first.pending()).extracting(p -> p.names().get(0)).containsExactly("n0", "n1");

    waiters.expire(0); // nobody's deadline
    PendingPage second = waiters.pending(first.nextAfter(), 2, 0);
    assertThat(second.pending()).extracting(p -> p.names().get(0)).containsExactly("n2", "n3");
    PendingPage third = waiters.pending(second.nextAfter(), 2, 0);
    assertThat(third.pending()).extracting(p -> p.names().get(0)).containsExactly("n4");
    assertThat(third.nextAfter()).isZero();
  }

  @Test
  void pending_whenSomeNamesAreThere_tellsWhoWaitsForWhat() {
    register("a");
    var answer = await("b", "a", "c");

    assertThat(answer).isNotDone();
    assertThat(pending())
        .containsExactly(
            new Pending(TRACER, List.of("b", "a", "c"), List.of("b", "c"), NOW, NOW + 1_000));
  }

  /**
   * Whoever asks while the writer shows a state and tells the waiters is answered by one of the
   * two.
   */
  @Test
  void add_whileTheNameIsRegistered_isAlwaysAnswered() throws Exception {
    for (int round = 0; round < 2_000; round++) {
      snapshot = Snapshot.empty(new UUID(1, 2), Layout.SLOTTED, 128);
      CyclicBarrier start = new CyclicBarrier(2);
      AtomicReference<CompletableFuture<Reply<List<Field>>>> answer = new AtomicReference<>();
      CompletableFuture<Void> asking =
          CompletableFuture.runAsync(
              () -> {
                arrive(start);
                answer.set(await("a"));
              });
      arrive(start);
      register("a");

      asking.get(10, TimeUnit.SECONDS);
      assertThat(names(answer.get())).containsExactly("a");
    }
    assertThat(pending()).isEmpty();
  }

  /** Nobody who asks while the daemon stops is left without an answer. */
  @Test
  void add_whileAllAreRefused_isAlwaysAnswered() throws Exception {
    MetakeyException why = new MetakeyException(Reason.UNAVAILABLE, "stopping");
    for (int round = 0; round < 2_000; round++) {
      Waiters fresh = new Waiters(() -> snapshot, BOUND, peer -> false);
      CyclicBarrier start = new CyclicBarrier(2);
      AtomicReference<CompletableFuture<?>> answer = new AtomicReference<>();
      CompletableFuture<Void> asking =
          CompletableFuture.runAsync(
              () -> {
                arrive(start);
                answer.set(fresh.add(List.of("a"), TRACER, NOW, NOW + 1_000));
              });
      arrive(start);
      fresh.refuseAll(why);

      asking.get(10, TimeUnit.SECONDS);
      assertThat(refusal(answer.get())).isSameAs(why);
    }
  }

  private static void arrive(CyclicBarrier start) {
    try {
      start.await(10, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
