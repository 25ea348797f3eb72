package dev.metakey.server.engine;

import static dev.metakey.server.engine.WaitersTest.refusal;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Outcome;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Loaded;
import dev.metakey.server.domain.Observe;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Release;
import dev.metakey.server.domain.Restore;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Start;
import dev.metakey.server.domain.Unreserve;
import dev.metakey.server.storage.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The engine without its thread: commands are submitted, and the writer's turns are given by hand.
 */
class EngineTest {
  private static final Peer DAEMON = new Peer(990, 990, 1, "metakeyd");
  private static final Peer EDGE = new Peer(1000, 1000, 100, "edge.service");
  private static final Peer TRACER = new Peer(1000, 1000, 101, "tracer.service");
  private static final Peer OTHER_UID = new Peer(1001, 1001, 102, "other.service");
  private static final Duration QUARANTINE = Duration.ofMinutes(10);
  private static final long KEEP = 10;

  private final FakeStore store = new FakeStore();
  private final FakeClock clock = new FakeClock();
  private final List<Boolean> health = new ArrayList<>();
  private final List<Long> told = new ArrayList<>();
  private final List<Long> durable = new ArrayList<>();
  private Engine engine;

  @BeforeEach
  void start() throws StoreException {
    engine =
        new Engine(
            store,
            new Rules(QUARANTINE.toMillis(), DAEMON.uid()),
            new Retention(KEEP, Duration.ofDays(1).toMillis()),
            DAEMON,
            clock,
            Limits.DEFAULTS);
    engine.run(new Start("boot-1", Layout.SLOTTED, 128, false, Tag.NONE));
    engine.onHealth(health::add);
    engine.addListener(
        new CommitListener() {
          @Override
          public void durable(Snapshot snapshot, List<Change> changes) {
            assertThat(revision()).isLessThan(changes.get(0).revision());
            changes.forEach(change -> durable.add(change.revision()));
          }

          @Override
          public void committed(Snapshot snapshot, List<Change> changes) {
            record(snapshot, changes);
          }
        });
  }

  private void record(Snapshot snapshot, List<Change> changes) {
    assertThat(durable).containsAll(changes.stream().map(Change::revision).toList());
    assertThat(engine.snapshot()).isSameAs(snapshot);
    assertThat(changes.get(changes.size() - 1).revision()).isEqualTo(snapshot.info().revision());
    changes.forEach(change -> told.add(change.revision()));
  }

  private CompletableFuture<Reply<List<Registered>>> register(Peer peer, String name, int size) {
    return register(peer, FieldSpec.of(name, size));
  }

  private CompletableFuture<Reply<List<Registered>>> register(Peer peer, FieldSpec... specs) {
    return engine.submit(new Register(List.of(specs)), peer);
  }

  @CanIgnoreReturnValue
  private int turn() {
    try {
      int worked = engine.doWork(0);
      engine.keepTime(0);
      return worked;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @CanIgnoreReturnValue
  private Registered registered(String name) {
    return answerOf(register(EDGE, name, 8));
  }

  private Registered answerOf(CompletableFuture<Reply<List<Registered>>> call) {
    turn();
    assertThat(call).isCompleted();
    return call.join().value().get(0);
  }

  private static Reason reason(CompletableFuture<?> call) {
    return refusal(call).reason();
  }

  private long revision() {
    return engine.snapshot().info().revision();
  }

  private void letRetryComeDue() {
    clock.advance(Duration.ofSeconds(1));
  }

  @Test
  void doWork_whenWhatTheStoreHasOpenIsLost_refusesChangesUntilItIsBack() {
    registered("known");
    store.lose(true);
    letRetryComeDue();
    turn();

    assertThat(engine.storeProblem()).isEqualTo("the directory is gone");
    assertThat(health).containsExactly(false);
    CompletableFuture<?> refused = register(EDGE, "new", 8);
    assertThat(registered("known").outcome()).isEqualTo(Outcome.EXISTING);
    assertThat(reason(refused)).isEqualTo(Reason.STORE_FAILED);

    store.lose(false);
    letRetryComeDue();
    assertThat(registered("new").outcome()).isEqualTo(Outcome.CREATED);
    assertThat(health).containsExactly(false, true);
  }

  @Test
  void doWork_whenSeveralCallsAreQueued_commitsThemTogetherAndAnswersInOrder() {
    int before = store.commits().size();
    List<CompletableFuture<Reply<List<Registered>>>> calls =
        IntStream.range(0, 20).mapToObj(i -> register(EDGE, "f" + i, 2)).toList();
    assertThat(engine.queued()).isEqualTo(20);

    assertThat(turn()).isEqualTo(20);

    assertThat(store.commits().subList(before, store.commits().size())).containsExactly(20);
    for (int i = 0; i < 20; i++) {
      Reply<List<Registered>> reply = calls.get(i).join();
      assertThat(reply.info().revision()).isEqualTo(i + 1);
      assertThat(reply.value().get(0).field().id()).isEqualTo(i);
    }
    assertThat(told).isEqualTo(IntStream.rangeClosed(1, 20).mapToObj(i -> (long) i).toList());
    assertThat(engine.queued()).isZero();
  }

  @Test
  void doWork_beforeTheCommitReturns_showsAndAnswersNothing() {
    var call = register(EDGE, "a", 8);
    var waiting = engine.await(List.of("a"), 1_000, TRACER);
    List<String> seen = new ArrayList<>();
    store.whileCommitting(
        () -> {
          seen.add("commit");
          assertThat(call).isNotDone();
          assertThat(waiting).isNotDone();
          assertThat(engine.snapshot().byName("a")).isNull();
          assertThat(told).isEmpty();
        });

    turn();

    assertThat(seen).containsExactly("commit");
    assertThat(call).isCompleted();
    assertThat(waiting).isCompleted();
    assertThat(engine.snapshot().byName("a")).isNotNull();
    assertThat(told).containsExactly(1L);
    assertThat(store.durable().revision()).isEqualTo(1);
  }

  @Test
  void doWork_whenACallIsDone_answersItBeforeListenersAreTold() {
    List<String> order = new ArrayList<>();
    engine.addListener((snapshot, changes) -> order.add("told first"));
    engine.addListener((snapshot, changes) -> order.add("told second"));
    var unused = register(EDGE, "a", 8).thenRun(() -> order.add("answered"));

    turn();

    assertThat(order).containsExactly("answered", "told first", "told second");
  }

  @Test
  void doWork_whenAChangeIsDurable_listenersHearOfItBeforeAnybodySeesIt() {
    List<String> order = new ArrayList<>();
    engine.addListener(
        new CommitListener() {
          @Override
          public void durable(Snapshot snapshot, List<Change> changes) {
            assertThat(store.durable().revision()).isEqualTo(snapshot.info().revision());
            assertThat(engine.snapshot().info().revision()).isLessThan(changes.get(0).revision());
            order.add("durable " + snapshot.info().revision());
            throw new IllegalStateException("a defect in a listener");
          }

          @Override
          public void committed(Snapshot snapshot, List<Change> changes) {
            order.add("told " + snapshot.info().revision());
          }
        });
    var unused = register(EDGE, "a", 8).thenRun(() -> order.add("answered"));

    turn();

    assertThat(order).containsExactly("durable 1", "answered", "told 1");
  }

  @Test
  void doWork_whenACallIsRefused_changesNothingAndTheOthersGoThrough() {
    var first = register(EDGE, "a", 8);
    var refused = register(TRACER, FieldSpec.of("b", 2), FieldSpec.of("a", 8));
    var last = register(EDGE, "c", 2);

    turn();

    assertThat(first).isCompleted();
    assertThat(reason(refused)).isEqualTo(Reason.OWNED_BY_OTHER);
    assertThat(last.join().value().get(0).field().id()).isEqualTo(1);
    assertThat(engine.snapshot().byName("b")).isNull();
    assertThat(revision()).isEqualTo(2);
  }

  @Test
  void doWork_whenNothingChanges_doesNotTouchTheStore() {
    registered("a");
    int commits = store.commits().size();

    assertThat(registered("a").outcome()).isEqualTo(Outcome.EXISTING);
    assertThat(turn()).isZero();

    assertThat(store.commits()).hasSize(commits);
    assertThat(told).containsExactly(1L);
  }

  @Test
  void submit_whenOneUidHasAsMuchQueuedAsItMay_isRefusedAndLeavesTheOthersQueued() {
    List<CompletableFuture<?>> calls = new ArrayList<>();
    for (int i = 0; i < Limits.DEFAULTS.queued().perUid(); i++) {
      calls.add(register(EDGE, "a", 8));
    }

    var refused = register(EDGE, "b", 8);
    calls.add(register(OTHER_UID, "c", 8));

    assertThat(reason(refused)).isEqualTo(Reason.UNAVAILABLE);
    assertThat(refusal(refused).text())
        .isEqualTo(
            "uid 1000 has 256 changes waiting for the writer already, and one uid may have 256; nothing was changed, try again soon");
    while (engine.queued() > 0) {
      assertThat(turn()).isPositive();
    }
    assertThat(calls).allSatisfy(call -> assertThat(call).isCompleted());
    assertThat(engine.snapshot().byName("b")).isNull();
    assertThat(register(EDGE, "b", 8)).isNotDone();
  }

  @Test
  void submit_whenManyUidsFillTheQueue_leavesAReserveToAdmins() {
    int uid = 2000;
    while (register(new Peer(uid, uid, 1, "s"), "f", 8).handle((r, f) -> f == null).getNow(true)) {
      uid += engine.queued() % 200 == 0 ? 1 : 0;
    }

    assertThat(engine.queued()).isEqualTo(1024 - 128);
    assertThat(register(DAEMON, "b", 8)).isNotDone();
  }

  @Test
  void doWork_whenOneUidHasQueuedALot_takesTheOthersByTurns() {
    registered("a");
    for (int i = 0; i < 300; i++) {
      var unused = engine.submit(new Release("nothing" + i, 0), EDGE);
    }
    var first = register(OTHER_UID, "first", 2);
    var second = register(OTHER_UID, "second", 2);

    assertThat(turn()).isEqualTo(256);

    assertThat(first).isCompleted();
    assertThat(second).isCompleted();
    assertThat(first.join().value().get(0).field().id())
        .as("in the order in which they came")
        .isLessThan(second.join().value().get(0).field().id());
    assertThat(engine.queued()).as("what the first uid may have queued, and does").isEqualTo(2);
  }

  @Test
  void await_whenManyWait_takesNoRoomFromCalls() {
    for (int i = 0; i < 1_000; i++) {
      assertThat(engine.await(List.of("a"), 60_000, TRACER)).isNotDone();
    }

    assertThat(engine.queued()).isLessThanOrEqualTo(1);
    assertThat(register(EDGE, "a", 8)).isNotDone();
  }

  @Test
  void await_whenDeadlineComes_isRefusedByTheNextTurn() {
    var answer = engine.await(List.of("a"), 500, TRACER);
    turn();
    assertThat(answer).isNotDone();
    assertThat(engine.waiting()).isEqualTo(1);

    clock.advance(Duration.ofMillis(500));
    turn();

    assertThat(reason(answer)).isEqualTo(Reason.DEADLINE_EXCEEDED);
    assertThat(engine.waiting()).isZero();
  }

  @Test
  void doWork_whenStoreFails_refusesChangesWhileReadsAndIdempotentCallsGoOn() {
    registered("a");
    store.disk(FakeStore.Disk.FULL);

    var change = register(EDGE, "b", 8);
    var known = register(EDGE, "a", 8);
    turn();

    assertThat(reason(change)).isEqualTo(Reason.STORE_FAILED);
    assertThat(refusal(change).text()).contains("the disk is full").contains("nothing was changed");
    assertThat(known.join().value().get(0).outcome()).isEqualTo(Outcome.EXISTING);
    assertThat(engine.snapshot().byName("b")).isNull();
    assertThat(engine.snapshot().byName("a")).isNotNull();
    assertThat(engine.storeProblem()).contains("the disk is full");
    assertThat(health).containsExactly(false);

    var later = register(EDGE, "c", 8);
    var knownLater = register(EDGE, "a", 8);
    var notMine = register(TRACER, "a", 8);
    turn();
    assertThat(reason(later)).isEqualTo(Reason.STORE_FAILED);
    assertThat(knownLater).isCompleted();
    assertThat(reason(notMine)).isEqualTo(Reason.OWNED_BY_OTHER);
    assertThat(health).containsExactly(false);
    assertThat(told).containsExactly(1L);
    assertThat(revision()).isEqualTo(1);
  }

  @Test
  void doWork_whenACallDependsOnAFailedOne_isDecidedAgainstWhatIs() {
    registered("a");
    store.disk(FakeStore.Disk.FULL);

    var released = engine.submit(new Release("a", 0), EDGE);
    var restored = register(EDGE, "a", 8); // would be a change, had the release been made
    var created = register(EDGE, "b", 8);
    var existing = register(EDGE, "b", 8); // would be answered with b's id, had that been made
    var refused = register(TRACER, "b", 8); // would be refused, had b been made
    turn();

    assertThat(reason(released)).isEqualTo(Reason.STORE_FAILED);
    assertThat(restored.join().value().get(0).field().state()).isEqualTo(FieldState.ACTIVE);
    assertThat(restored.join().info().revision()).isEqualTo(1);
    assertThat(reason(created)).isEqualTo(Reason.STORE_FAILED);
    assertThat(reason(existing)).isEqualTo(Reason.STORE_FAILED);
    assertThat(reason(refused)).isEqualTo(Reason.STORE_FAILED);
    assertThat(engine.snapshot().byName("a").state()).isEqualTo(FieldState.ACTIVE);
  }

  @Test
  void doWork_whenDiskWorksAgain_healsByItselfButNotBeforeTheRetryIsDue() {
    store.disk(FakeStore.Disk.FULL);
    var failed = register(EDGE, "a", 8);
    turn();
    assertThat(reason(failed)).isEqualTo(Reason.STORE_FAILED);
    letRetryComeDue();
    turn();
    assertThat(engine.storeProblem()).isNotNull();
    int opened = store.opened();

    store.disk(FakeStore.Disk.WORKS);
    turn();
    assertThat(store.opened()).isEqualTo(opened);
    letRetryComeDue();
    turn();

    assertThat(engine.storeProblem()).isNull();
    assertThat(health).containsExactly(false, true);
    assertThat(registered("a").outcome()).isEqualTo(Outcome.CREATED);
    assertThat(told).containsExactly(1L);
  }

  @Test
  void doWork_whenAFailedBatchReachedTheDiskAfterAll_showsAndTellsItOnce() {
    registered("a");
    var waiting = engine.await(List.of("c"), 60_000, TRACER);
    store.disk(FakeStore.Disk.KEEPS_AND_FAILS);
    var first = register(EDGE, "b", 8);
    var second = register(EDGE, "c", 8);
    turn();
    assertThat(reason(first)).isEqualTo(Reason.STORE_FAILED);
    assertThat(reason(second)).isEqualTo(Reason.STORE_FAILED);
    assertThat(engine.snapshot().byName("b")).isNull();

    store.disk(FakeStore.Disk.WORKS);
    letRetryComeDue();
    turn();

    assertThat(engine.snapshot().byName("b")).isNotNull();
    assertThat(revision()).isEqualTo(3);
    assertThat(told).containsExactly(1L, 2L, 3L);
    assertThat(durable).containsExactly(1L, 2L, 3L);
    assertThat(waiting).isCompleted();
    assertThat(registered("b").outcome()).isEqualTo(Outcome.EXISTING);
    assertThat(registered("d").field().created().revision()).isEqualTo(4);
    assertThat(told).containsExactly(1L, 2L, 3L, 4L);
  }

  @Test
  void doWork_whenItHealed_keepsTtlsOrGrantsThemAnew() {
    FieldSpec temporary = FieldSpec.of("tmp", 4).expiringAfter(Duration.ofMinutes(1));
    answerOf(register(EDGE, temporary));
    store.disk(FakeStore.Disk.FULL);
    var failed = register(EDGE, "x", 2);
    clock.advance(Duration.ofSeconds(30));
    answerOf(register(EDGE, temporary)); // renewed while nothing can be stored
    assertThat(reason(failed)).isEqualTo(Reason.STORE_FAILED);
    store.disk(FakeStore.Disk.WORKS);
    clock.advance(Duration.ofSeconds(45));
    turn();
    assertThat(engine.storeProblem()).isNull();
    assertThat(engine.snapshot().byName("tmp").state()).isEqualTo(FieldState.ACTIVE);

    store.disk(FakeStore.Disk.KEEPS_AND_FAILS);
    var kept = register(EDGE, "y", 2);
    turn();
    assertThat(reason(kept)).isEqualTo(Reason.STORE_FAILED);
    store.disk(FakeStore.Disk.WORKS);
    letRetryComeDue();
    turn();
    assertThat(engine.snapshot().byName("y")).isNotNull();
    assertThat(engine.snapshot().byName("tmp").expiresAtMs()).isEqualTo(clock.wallMs() + 60_000);

    clock.advance(Duration.ofMinutes(1));
    turn();
    assertThat(engine.snapshot().byName("tmp").state()).isEqualTo(FieldState.RETIRED);
  }

  @Test
  void doWork_whenAnotherDatabaseIsInPlace_doesNotMixTheTwo() {
    registered("a");
    store.disk(FakeStore.Disk.FULL);
    var failed = register(EDGE, "b", 8);
    turn();
    assertThat(reason(failed)).isEqualTo(Reason.STORE_FAILED);

    store.replaceBy(RegistryState.empty(new UUID(3, 4), Layout.SLOTTED, 128));
    store.disk(FakeStore.Disk.WORKS);
    letRetryComeDue();
    turn();

    assertThat(engine.storeProblem()).contains("no longer the one that was served");
    var change = register(EDGE, "b", 8);
    turn();
    assertThat(reason(change)).isEqualTo(Reason.STORE_FAILED);
    assertThat(registered("a").outcome()).isEqualTo(Outcome.EXISTING);
    assertThat(health).containsExactly(false);
  }

  @Test
  void doWork_whenAFailedRestoreReachedTheDiskAfterAll_showsItUnderItsNewId() {
    registered("a");
    Snapshot backup = engine.snapshot();
    registered("b");
    UUID newId = new UUID(9, 9);
    store.disk(FakeStore.Disk.KEEPS_AND_FAILS);
    var restore = engine.submit(new Restore(backup, Tag.NONE, newId, true), DAEMON);
    turn();
    assertThat(reason(restore)).isEqualTo(Reason.STORE_FAILED);
    assertThat(engine.snapshot().info().registryId()).isNotEqualTo(newId);

    store.disk(FakeStore.Disk.WORKS);
    letRetryComeDue();
    turn();

    assertThat(engine.snapshot().info().registryId()).isEqualTo(newId);
    assertThat(engine.snapshot().byName("b").state()).isEqualTo(FieldState.RETIRED);
    assertThat(told).containsExactly(1L, 2L, 3L);
    assertThat(health).containsExactly(false, true);
  }

  @Test
  void doWork_whenAnEarlierCopyOfTheDatabaseIsInPlace_doesNotServeIt() {
    registered("a");
    RegistryState earlier = store.durable();
    registered("b");
    store.disk(FakeStore.Disk.FULL);
    var failed = register(EDGE, "c", 8);
    turn();
    assertThat(reason(failed)).isEqualTo(Reason.STORE_FAILED);

    store.replaceBy(earlier);
    store.disk(FakeStore.Disk.WORKS);
    letRetryComeDue();
    turn();

    assertThat(engine.storeProblem()).contains("no longer the one that was served");
    assertThat(engine.snapshot().byName("b")).isNotNull();
  }

  @Test
  void doWork_whenTheStoreHasADefect_answersEveryCallAndGoesOn() {
    registered("a");
    store.disk(FakeStore.Disk.DEFECT);

    var change = register(EDGE, "b", 8);
    var known = register(EDGE, "a", 8);
    turn();
    letRetryComeDue();
    turn();

    assertThat(reason(change)).isEqualTo(Reason.STORE_FAILED);
    assertThat(known).isCompleted();
    assertThat(engine.storeProblem()).contains("a defect of metakeyd").contains("in the store");
    store.disk(FakeStore.Disk.WORKS);
    letRetryComeDue();
    turn();
    assertThat(registered("b").outcome()).isEqualTo(Outcome.CREATED);
  }

  @Test
  void doWork_whenACommandHasADefect_refusesItAsInternalAndGoesOn() {
    var before = register(EDGE, "a", 8);
    var defect = engine.submit(new Observe(1, List.of(), null), EDGE);
    var after = register(EDGE, "c", 8);

    turn();

    assertThat(before).isCompleted();
    assertThat(reason(defect)).isEqualTo(Reason.INTERNAL);
    assertThat(refusal(defect).text()).contains("a defect of metakeyd");
    assertThat(refusal(defect).getCause()).isInstanceOf(NullPointerException.class);
    assertThat(after).isCompleted();
    assertThat(engine.snapshot().byName("b")).isNull();
    assertThat(told).containsExactly(1L, 2L);
  }

  @Test
  void doWork_whenAListenerHasADefect_answersCallsAndTellsTheOthers() throws StoreException {
    List<Long> others = new ArrayList<>();
    engine.addListener(
        (snapshot, changes) -> {
          throw new IllegalStateException("a defect in a listener");
        });
    engine.addListener((snapshot, changes) -> others.add(snapshot.info().revision()));

    registered("a");
    registered("b");

    assertThat(others).containsExactly(1L, 2L);
  }

  @Test
  void refuseChanges_whileItIsOn_lastsOverTimeAndThenDoesWhatIsDue() {
    answerOf(register(EDGE, FieldSpec.of("tmp", 4).expiringAfter(Duration.ofMinutes(1))));
    engine.refuseChanges("an admin said so");
    clock.advance(Duration.ofMinutes(2));
    var refused = register(EDGE, "new", 2);
    turn();

    assertThat(reason(refused)).isEqualTo(Reason.READ_ONLY);
    assertThat(engine.snapshot().byName("tmp").state()).isEqualTo(FieldState.ACTIVE);
    engine.refuseChanges("");
    turn();
    assertThat(engine.snapshot().byName("tmp").state()).isEqualTo(FieldState.RETIRED);
  }

  @Test
  void doWork_whenTimeHasPassed_expiresAndFreesWithoutBeingAsked() {
    answerOf(register(EDGE, FieldSpec.of("tmp", 4).expiringAfter(Duration.ofMinutes(1))));
    clock.advance(Duration.ofMinutes(1));
    turn();
    assertThat(engine.snapshot().byName("tmp").state()).isEqualTo(FieldState.RETIRED);

    clock.advance(QUARANTINE);
    turn();
    assertThat(engine.snapshot().byName("tmp")).as("nobody has looked").isNotNull();
    var unused = engine.submit(Observe.seen(clock.wallMs(), List.of()));
    turn();
    assertThat(engine.snapshot().byName("tmp")).isNull();
    assertThat(told).containsExactly(1L, 2L, 3L);
    assertThat(engine.history(0, 10))
        .extracting(change -> change.peer().service())
        .containsExactly("edge.service", "metakeyd", "metakeyd");
  }

  @Test
  void observe_whenNothingIsFreedByIt_touchesNeitherStoreNorListeners() {
    registered("a");
    int commits = store.commits().size();
    LoadedProgram program = Loaded.program(7, Loaded.use("a", 8, Loaded.place(0, 24, 1)));

    var seen = engine.submit(Observe.seen(clock.wallMs(), List.of(program)));
    turn();

    assertThat(seen.join().value()).isEqualTo(engine.programs());
    assertThat(engine.programs().loaded()).containsExactly(program);
    assertThat(store.commits()).hasSize(commits);
    assertThat(told).containsExactly(1L);
  }

  @Test
  void observe_whenTheStoreFailsAndHeals_isKept() {
    registered("a");
    LoadedProgram program = Loaded.program(7, Loaded.use("a", 8, Loaded.place(0, 24, 1)));
    store.disk(FakeStore.Disk.KEEPS_AND_FAILS);
    var change = register(EDGE, "b", 8);
    turn();
    assertThat(reason(change)).isEqualTo(Reason.STORE_FAILED);
    var seen = engine.submit(Observe.seen(clock.wallMs(), List.of(program)));
    turn();
    assertThat(seen).isCompleted();

    store.disk(FakeStore.Disk.WORKS);
    letRetryComeDue();
    turn();

    assertThat(engine.snapshot().byName("b")).as("healed").isNotNull();
    assertThat(engine.programs().loaded()).containsExactly(program);
    var release = engine.submit(new Release("a", 0), EDGE);
    turn();
    assertThat(reason(release)).isEqualTo(Reason.IN_USE);
  }

  @Test
  void observe_whenQueuedBeforeARelease_countsForIt() {
    registered("a");
    LoadedProgram program = Loaded.program(7, Loaded.use("a", 8, Loaded.place(0, 24, 1)));
    var seen = engine.submit(Observe.seen(clock.wallMs(), List.of(program)));
    var release = engine.submit(new Release("a", 0), EDGE);

    turn();

    assertThat(seen).isCompleted();
    assertThat(reason(release)).isEqualTo(Reason.IN_USE);
  }

  @Test
  void doWork_whenATickIsDueTogetherWithARenewal_theRenewalComesFirst() {
    FieldSpec temporary = FieldSpec.of("tmp", 4).expiringAfter(Duration.ofMinutes(1));
    answerOf(register(EDGE, temporary));
    clock.advance(Duration.ofMinutes(1));

    Registered renewed = answerOf(register(EDGE, temporary));

    assertThat(renewed.field().state()).isEqualTo(FieldState.ACTIVE);
    assertThat(engine.snapshot().byName("tmp").state()).isEqualTo(FieldState.ACTIVE);
    assertThat(revision()).isEqualTo(1);
  }

  @Test
  void doWork_whenTickCannotBeStored_triesAgainAfterHealing() {
    answerOf(register(EDGE, FieldSpec.of("tmp", 4).expiringAfter(Duration.ofMinutes(1))));
    clock.advance(Duration.ofMinutes(1));
    store.disk(FakeStore.Disk.FULL);
    turn();
    assertThat(engine.storeProblem()).isNotNull();
    assertThat(engine.snapshot().byName("tmp").state()).isEqualTo(FieldState.ACTIVE);

    store.disk(FakeStore.Disk.WORKS);
    letRetryComeDue();
    turn();

    assertThat(engine.snapshot().byName("tmp").state()).isEqualTo(FieldState.RETIRED);
    assertThat(told).containsExactly(1L, 2L);
  }

  @Test
  void doWork_onceAMinute_forgetsTheOldestChanges() {
    turn();
    IntStream.range(0, 15).forEach(i -> answerOf(register(EDGE, "f" + i, 2)));
    assertThat(store.oldestRevision()).isEqualTo(1);

    clock.advance(Duration.ofMinutes(1));
    turn();

    assertThat(store.oldestRevision()).isEqualTo(15 - KEEP + 1);
    assertThat(store.trimmedTo()).isEqualTo(6);
    clock.advance(Duration.ofDays(2));
    turn();
    assertThat(engine.history(0, 100)).isEmpty();
    assertThat(store.oldestRevision()).isEqualTo(16);
  }

  @Test
  void doWork_whenTrimmingFails_saysSoAndHeals() {
    registered("a");
    clock.advance(Duration.ofMinutes(1));
    store.disk(FakeStore.Disk.FULL);
    turn();
    assertThat(engine.storeProblem()).contains("the disk is full");
    assertThat(health).containsExactly(false);

    store.disk(FakeStore.Disk.WORKS);
    letRetryComeDue();
    turn();
    assertThat(engine.storeProblem()).isNull();
    assertThat(registered("b").outcome()).isEqualTo(Outcome.CREATED);
  }

  @Test
  void history_whileAChangeIsNotShownYet_doesNotTellOfIt() {
    List<Change> tooEarly = new ArrayList<>();
    store.onceDurable(() -> tooEarly.addAll(engine.history(0, 10)));
    var call = register(EDGE, "a", 8);

    turn();

    assertThat(call).isCompleted();
    assertThat(tooEarly).isEmpty();
    assertThat(engine.history(0, 10)).hasSize(1);
  }

  @Test
  void history_whenStoreFails_isRefused() {
    registered("a");
    assertThat(engine.history(0, 10)).hasSize(1);
    store.disk(FakeStore.Disk.FULL);

    assertThatThrownBy(() -> engine.history(0, 10))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.STORE_FAILED));
  }

  @Test
  void run_whenRefused_throwsWhatTheRulesSay() {
    assertThatThrownBy(() -> engine.run(new Unreserve("a")))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.NOT_FOUND));
    store.disk(FakeStore.Disk.FULL);
    assertThatThrownBy(() -> engine.run(new Register(List.of(FieldSpec.of("a", 2)))))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.STORE_FAILED));
  }

  @Test
  void run_whenTheHostWasRebooted_freesWhatWasRetired() {
    registered("a");
    registered("b");
    var released = engine.submit(new Release("a", 0), EDGE);
    turn();
    assertThat(released).isCompleted();

    engine.run(new Start("boot-1", Layout.SLOTTED, 128, false, Tag.NONE));
    assertThat(engine.snapshot().byName("a")).isNotNull();
    engine.run(new Start("boot-2", Layout.SLOTTED, 128, false, Tag.NONE));

    assertThat(engine.snapshot().byName("a")).isNull();
    assertThat(engine.snapshot().byName("b")).isNotNull();
    assertThat(store.durable().bootId()).isEqualTo("boot-2");
  }

  @Test
  void stop_whenCallsAreQueued_theyAreFinishedAndLaterOnesRefused() {
    var queued = register(EDGE, "a", 8);
    var waiting = engine.await(List.of("b"), 1_000, TRACER);

    engine.stop();

    assertThat(engine.isStopping()).isTrue();
    assertThat(reason(waiting)).isEqualTo(Reason.UNAVAILABLE);
    assertThat(reason(register(EDGE, "c", 8))).isEqualTo(Reason.UNAVAILABLE);
    assertThat(reason(engine.await(List.of("b"), 1_000, TRACER))).isEqualTo(Reason.UNAVAILABLE);
    turn();
    assertThat(queued).isCompleted();
    assertThat(engine.await(List.of("a"), 1_000, TRACER)).isCompleted();
    assertThat(engine.snapshot().records().stream().collect(toMap(Field::name, Field::id)))
        .containsOnlyKeys("a");
  }
}
