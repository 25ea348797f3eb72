package dev.metakey.server.publication;

import static dev.metakey.server.publication.FakeRegistry.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.FakeLoop;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.publication.FakeSubscriber.Told;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WatchHubTest {
  private static final int MAX = 64;
  private static final Limits.Bound BOUND = new Limits.Bound("watches", MAX, 1_000, 10);

  private static final int RECENT = 1024;
  private static final int PAGE = 500;

  private final FakeRegistry registry = new FakeRegistry();
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private WatchHub hub;

  @BeforeEach
  void open() {
    hub = new WatchHub(registry::snapshot, registry, BOUND, peer -> false);
    registry.tell(hub);
  }

  @AfterEach
  void close() throws InterruptedException {
    hub.close();
    thread.shutdown();
  }

  private FakeSubscriber watch() {
    FakeSubscriber subscriber = new FakeSubscriber();
    var unused = hub.subscribe(null, subscriber, FakeRegistry.EDGE, thread);
    return subscriber;
  }

  private FakeSubscriber resume(long revision) {
    return resume(FakeRegistry.ID, revision);
  }

  private FakeSubscriber resume(UUID registryId, long revision) {
    FakeSubscriber subscriber = new FakeSubscriber();
    var unused =
        hub.subscribe(
            new WatchHub.Since(registryId, revision), subscriber, FakeRegistry.EDGE, thread);
    return subscriber;
  }

  /** All have one thread: when a new watcher has been told, everything before it is done. */
  private void untilHubHasDoneAll() throws InterruptedException {
    FakeSubscriber probe = new FakeSubscriber();
    Watcher watcher = hub.subscribe(null, probe, FakeRegistry.EDGE, thread);
    assertThat(probe.next().isState()).isTrue();
    watcher.cancel();
  }

  /** Restarts the hub as a daemon does: the history is stored, and nothing is recent. */
  private void restartHub() throws InterruptedException {
    hub.close();
    open();
  }

  private static List<Long> revisions(Told told) {
    return told.changes().stream().map(Change::revision).toList();
  }

  @Test
  void subscribe_whenNew_isToldTheStateAtOnceThenEveryChange() throws InterruptedException {
    var unused = registry.commit(register("a", "b"));
    FakeSubscriber subscriber = watch();

    Told first = subscriber.next();
    assertThat(first.revision()).isEqualTo(2);
    assertThat(first.state().byName("b")).isNotNull();

    List<Change> committed = registry.commit(register("c", "d"));
    Told second = subscriber.next();
    assertThat(second.changes()).isEqualTo(committed);
    assertThat(second.revision()).isEqualTo(4);
    assertThat(hub.size()).isEqualTo(1);
  }

  @Test
  void ready_whenItWasToldEverything_isNotLookedAtAgain() throws InterruptedException {
    AtomicInteger looks = new AtomicInteger();
    FakeSubscriber subscriber = new FakeSubscriber();
    Subscriber counted =
        new Subscriber() {
          @Override
          public boolean isReady() {
            looks.incrementAndGet();
            return true;
          }

          @Override
          public void state(Snapshot snapshot) {
            subscriber.state(snapshot);
          }

          @Override
          public void changes(RegistryInfo info, List<Change> changes) {
            subscriber.changes(info, changes);
          }

          @Override
          public void end(MetakeyException why) {}
        };
    Watcher watcher = hub.subscribe(null, counted, FakeRegistry.EDGE, thread);
    subscriber.next();
    untilHubHasDoneAll();
    int before = looks.get();

    watcher.ready(); // as after each message that was read
    untilHubHasDoneAll();

    assertThat(looks).hasValue(before);
    registry.commit(register("a"));
    assertThat(subscriber.next().revision()).isEqualTo(1);
  }

  @Test
  void subscribe_whenRegistryIsEmpty_isToldTheEmptyState() throws InterruptedException {
    Told told = watch().next();

    assertThat(told.isState()).isTrue();
    assertThat(told.revision()).isZero();
    assertThat(resume(0).next()).isEqualTo(new Told(null, 0, List.of(), null));
  }

  @Test
  void subscribe_whenTheCallerWasAnsweredButTheHubNotToldYet_showsItsChange()
      throws InterruptedException {
    registry.commitMany(3);
    List<Change> answered = registry.change(register("mine"));

    FakeSubscriber fresh = watch();
    FakeSubscriber resumed = resume(4);
    assertThat(fresh.next().state().byName("mine")).isNotNull();
    assertThat(resumed.next()).isEqualTo(new Told(null, 4, List.of(), null));

    hub.committed(registry.snapshot(), answered);
    registry.commitMany(1);
    assertThat(revisions(fresh.next())).containsExactly(5L);
    assertThat(revisions(resumed.next())).containsExactly(5L);
  }

  @Test
  void resume_whenAtHead_isToldNoChangesAtOnce() throws InterruptedException {
    registry.commitMany(3);

    FakeSubscriber subscriber = resume(3);
    assertThat(subscriber.next()).isEqualTo(new Told(null, 3, List.of(), null));

    registry.commitMany(1);
    assertThat(revisions(subscriber.next())).containsExactly(4L);
  }

  @Test
  void resume_whenRecent_isToldTheChangesSinceWithoutTheStore() throws InterruptedException {
    registry.commitMany(10);

    assertThat(revisions(resume(7).next())).containsExactly(8L, 9L, 10L);
    assertThat(revisions(resume(0).next())).hasSize(10);
    assertThat(registry.reads()).isEmpty();
  }

  @Test
  void resume_whenOnlyTheStoreKeepsIt_isCaughtUpPageByPage() throws InterruptedException {
    registry.commitMany(PAGE * 2 + 200);
    restartHub();

    FakeSubscriber subscriber = resume(100);

    assertThat(subscriber.until(PAGE * 2 + 200)).isEqualTo(3);
    assertThat(registry.reads()).containsExactly(PAGE, PAGE, 100);
    registry.commitMany(1);
    assertThat(revisions(subscriber.next())).containsExactly(PAGE * 2 + 201L);
    assertThat(registry.reads()).hasSize(3);
  }

  @Test
  void resume_whenAPageWouldCutACallInTwo_endsAfterIt() throws InterruptedException {
    registry.commitMany(PAGE - 1);
    var unused = registry.commit(register("a", "b", "c"));
    registry.commitMany(5);
    restartHub();

    FakeSubscriber subscriber = resume(0);

    assertThat(subscriber.next().revision()).isEqualTo(PAGE + 2);
    assertThat(subscriber.next().revision()).isEqualTo(PAGE + 7);
  }

  @Test
  void resume_whenCommitsGoOnWhileItCatchesUp_missesNothing() throws InterruptedException {
    registry.commitMany(PAGE * 3);
    restartHub();
    FakeSubscriber subscriber = new FakeSubscriber().room(1);
    Watcher watcher =
        hub.subscribe(
            new WatchHub.Since(FakeRegistry.ID, 0), subscriber, FakeRegistry.EDGE, thread);
    assertThat(subscriber.next().revision()).isEqualTo(PAGE);

    registry.commitMany(RECENT + 300);
    var unused = subscriber.room(Integer.MAX_VALUE);
    watcher.ready();

    long head = PAGE * 3 + RECENT + 300;
    for (Told told = subscriber.next(); told.revision() < head; told = subscriber.next()) {
      assertThat(told.isState()).isFalse(); // it is caught up from the store, not started anew
    }
  }

  @Test
  void resume_whenNoLongerKept_isToldTheState() throws InterruptedException {
    registry.commitMany(100);
    restartHub();
    registry.keepFrom(51);

    assertThat(resume(49).next().isState()).isTrue();
    assertThat(revisions(resume(50).next())).hasSize(50).startsWith(51L);

    registry.keepFrom(101);
    assertThat(resume(50).next().isState()).isTrue();
  }

  @Test
  void resume_whenStoreCannotBeRead_isToldTheState() throws InterruptedException {
    registry.commitMany(100);
    restartHub();
    registry.fail();

    FakeSubscriber subscriber = resume(50);

    assertThat(subscriber.next().isState()).isTrue();
    registry.commitMany(1);
    assertThat(revisions(subscriber.next())).containsExactly(101L);
  }

  @Test
  void resume_whenRegistryIsAnother_isToldTheState() throws InterruptedException {
    registry.commitMany(5);

    assertThat(resume(new UUID(7, 7), 3).next().isState()).isTrue();
  }

  @Test
  void resume_whenRevisionWasNeverReached_isToldTheState() throws InterruptedException {
    registry.commitMany(5);

    assertThat(resume(6).next().isState()).isTrue();
    assertThat(resume(Long.MAX_VALUE).next().isState()).isTrue();
    assertThat(resume(-1).next().isState()).isTrue(); // 2^64 - 1 on the wire
    assertThat(resume(Long.MIN_VALUE).next().isState()).isTrue();
    untilHubHasDoneAll();
  }

  @Test
  void committed_whenSubscriberIsNotReady_keepsNothingForIt() throws InterruptedException {
    FakeSubscriber slow = new FakeSubscriber().room(1);
    Watcher watcher = hub.subscribe(null, slow, FakeRegistry.EDGE, thread);
    assertThat(slow.next().isState()).isTrue();

    registry.commitMany(10);
    untilHubHasDoneAll();
    assertThat(slow.unseen()).isZero();
    var unused = slow.room(1);
    watcher.ready();
    assertThat(revisions(slow.next())).hasSize(10); // still recent: one message

    registry.commitMany(RECENT);
    unused = slow.room(1);
    watcher.ready();
    assertThat(revisions(slow.next())).hasSize(RECENT); // it just fits

    registry.commitMany(RECENT + 1);
    unused = slow.room(Integer.MAX_VALUE);
    watcher.ready();
    Told behind = slow.next();
    assertThat(behind.isState()).isTrue();
    assertThat(behind.revision()).isEqualTo(registry.revision());
    untilHubHasDoneAll();
    assertThat(slow.unseen()).isZero();
    assertThat(registry.reads()).isEmpty();
  }

  @Test
  void committed_whileSlowAndFastWatch_tellsEachInOrderWithoutGapOrRepeat() throws Exception {
    List<FakeSubscriber> fast = new ArrayList<>();
    List<FakeSubscriber> slow = new ArrayList<>();
    List<Watcher> slowWatchers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      slow.add(new FakeSubscriber().room(1));
      slowWatchers.add(hub.subscribe(null, slow.get(i), FakeRegistry.EDGE, thread));
    }
    int commits = 20_000;
    CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> registry.commitMany(commits));
    for (int i = 0; i < 50; i++) {
      fast.add(i % 2 == 0 ? watch() : resume(registry.revision()));
      FakeSubscriber slowOne = slow.get(i % slow.size());
      var unused = slowOne.room(1);
      slowWatchers.get(i % slow.size()).ready();
    }
    writer.get(30, TimeUnit.SECONDS);
    for (FakeSubscriber subscriber : fast) {
      assertThat(subscriber.until(commits)).isPositive();
    }
    for (int i = 0; i < slow.size(); i++) {
      var unused = slow.get(i).room(Integer.MAX_VALUE);
      slowWatchers.get(i).ready();
      assertThat(slow.get(i).until(commits)).isPositive();
    }
    assertThat(hub.size()).isEqualTo(55);
  }

  @Test
  void cancel_whenNobodyListens_tellsNothingMore() throws InterruptedException {
    FakeSubscriber subscriber = new FakeSubscriber();
    Watcher watcher = hub.subscribe(null, subscriber, FakeRegistry.EDGE, thread);
    assertThat(subscriber.next().isState()).isTrue();

    watcher.cancel();
    registry.commitMany(3);
    watcher.ready();
    untilHubHasDoneAll();

    assertThat(subscriber.unseen()).isZero();
    assertThat(hub.size()).isZero();
  }

  @Test
  void subscribe_whenTooManyWatch_isRefusedWithFacts() {
    List<Watcher> watchers = new ArrayList<>();
    for (int i = 0; i < MAX; i++) {
      watchers.add(hub.subscribe(null, new FakeSubscriber(), FakeRegistry.EDGE, thread));
    }

    assertThatThrownBy(this::watch)
        .isInstanceOfSatisfying(
            MetakeyException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.TOO_MANY_WAITERS);
              assertThat(e.facts()).containsEntry("limit", "64").containsEntry("used", "64");
            });
    watchers.get(0).cancel();
    assertThat(watch()).isNotNull();
  }

  @Test
  void subscribe_whenOneUidHasAllItMayHave_othersStillMay() {
    for (int i = 0; i < MAX; i++) {
      var unused = hub.subscribe(null, new FakeSubscriber(), FakeRegistry.EDGE, thread);
    }

    assertThat(hub.subscribe(null, new FakeSubscriber(), new Peer(1001, 1001, 1, "b"), thread))
        .isNotNull();
  }

  @Test
  void subscribe_whenManyBeginAtOnce_areToldSixteenInATurn() throws InterruptedException {
    FakeLoop one = new FakeLoop();
    List<FakeSubscriber> subscribers = watchOn(one, 100);

    assertThat(one.tasks()).hasSize(1);
    for (int told = 16; told < 100; told += 16) {
      assertThat(one.turn()).isTrue();
      assertThat(subscribers.stream().filter(each -> each.unseen() == 1)).hasSize(told);
    }
    one.finish();
  }

  @Test
  void committed_whenOneThreadTalksToMany_isHandedToItOnceAndItComesBackForTheRest()
      throws InterruptedException {
    FakeLoop one = new FakeLoop();
    List<FakeSubscriber> subscribers = watchOn(one, 100);
    while (one.turn()) {}
    for (FakeSubscriber subscriber : subscribers) {
      assertThat(subscriber.next().isState()).isTrue();
    }

    registry.commitMany(1);
    assertThat(one.tasks()).hasSize(1);
    one.turn();
    assertThat(subscribers.stream().filter(told -> told.unseen() == 1)).hasSize(16);
    registry.commitMany(1); // the first were told before that, and are told after the others
    int turns = 0;
    while (one.turn()) {
      turns++;
    }
    assertThat(turns).as("of 16 each, after the first").isEqualTo(7);

    for (FakeSubscriber subscriber : subscribers) {
      assertThat(subscriber.until(2)).isPositive();
    }
    one.finish();
  }

  @Test
  void resume_whenManyReadTheStore_areToldAPageEachSixteenInATurn() throws InterruptedException {
    registry.commitMany(2 * PAGE + RECENT);
    restartHub();
    FakeLoop one = new FakeLoop();
    List<FakeSubscriber> subscribers = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      FakeSubscriber subscriber = new FakeSubscriber();
      subscribers.add(subscriber);
      var unused =
          hub.subscribe(new WatchHub.Since(FakeRegistry.ID, 0), subscriber, FakeRegistry.EDGE, one);
    }
    synchronized (registry) { // so nothing is read before all have asked
      while (one.turn()) {}
    }
    while (registry.reads().size() < 40) {
      Thread.onSpinWait();
    }

    one.turn();

    assertThat(subscribers.stream().filter(told -> told.unseen() == 1)).hasSize(16);
    one.finish();
  }

  /** So many, of two uids. */
  private List<FakeSubscriber> watchOn(FakeLoop loop, int count) {
    List<FakeSubscriber> subscribers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      FakeSubscriber subscriber = new FakeSubscriber();
      subscribers.add(subscriber);
      var unused = hub.subscribe(null, subscriber, new Peer(1001 + i % 2, 1001, 1, "b"), loop);
    }
    return subscribers;
  }

  @Test
  void committed_whenASubscriberMeetsAnError_endsItFreesItsPlaceAndTellsTheOthers()
      throws InterruptedException {
    for (int i = 0; i < 2 * MAX; i++) { // twice as many as there are places
      var unused = hub.subscribe(null, new OutOfMemory(), FakeRegistry.EDGE, thread);
      untilHubHasDoneAll();
    }
    FakeSubscriber honest = watch();
    assertThat(honest.next().isState()).isTrue();
    var unused = hub.subscribe(null, new OutOfMemory(), FakeRegistry.EDGE, thread);

    registry.commitMany(1);

    assertThat(revisions(honest.next())).containsExactly(1L);
    untilHubHasDoneAll();
    assertThat(hub.size()).isEqualTo(1);
  }

  /** Netty throws this when direct memory is full. */
  private static final class OutOfMemory implements Subscriber {
    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void state(Snapshot snapshot) {
      throw new OutOfMemoryError("failed to allocate direct memory");
    }

    @Override
    public void changes(RegistryInfo info, List<Change> changes) {
      throw new OutOfMemoryError("failed to allocate direct memory");
    }

    @Override
    public void end(MetakeyException why) {
      throw new OutOfMemoryError("failed to allocate direct memory");
    }
  }

  @Test
  void committed_whenASubscriberThrows_endsItAndTellsTheOthers() throws InterruptedException {
    List<FakeSubscriber> others = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      others.add(watch());
      assertThat(others.get(i).next().isState()).isTrue();
      var unused = hub.subscribe(null, new Broken(), FakeRegistry.EDGE, thread);
    }
    untilHubHasDoneAll();
    assertThat(hub.size()).isEqualTo(16);

    registry.commitMany(1);

    for (FakeSubscriber other : others) {
      assertThat(revisions(other.next())).containsExactly(1L);
    }
    untilHubHasDoneAll();
    assertThat(hub.size()).isEqualTo(8);
  }

  /** Takes the state, and nothing after it. */
  private static final class Broken implements Subscriber {
    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void state(Snapshot snapshot) {}

    @Override
    public void changes(RegistryInfo info, List<Change> changes) {
      throw new IllegalStateException("a defect in a subscriber");
    }

    @Override
    public void end(MetakeyException why) {
      throw new IllegalStateException("another one");
    }
  }

  @Test
  void close_whenSomeWatch_tellsThemAndRefusesLaterOnes() throws InterruptedException {
    FakeSubscriber ready = watch();
    FakeSubscriber slow = new FakeSubscriber().room(0);
    Watcher slowWatcher = hub.subscribe(null, slow, FakeRegistry.EDGE, thread);
    assertThat(ready.next().isState()).isTrue();

    hub.close();

    assertThat(ready.next().why().reason()).isEqualTo(Reason.UNAVAILABLE);
    assertThat(slow.next().why().reason()).isEqualTo(Reason.UNAVAILABLE);
    assertThat(hub.size()).isZero();
    assertThatThrownBy(this::watch)
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.UNAVAILABLE));
    slowWatcher.ready();
    registry.commitMany(1);
    assertThat(ready.unseen()).isZero();
  }

  @Test
  void close_whenAWatchRefusesItsLastChanges_isNoDefect() throws InterruptedException {
    FakeSubscriber told = new FakeSubscriber().room(1);
    AtomicBoolean refuses = new AtomicBoolean();
    var unused =
        hub.subscribe(
            null,
            new Subscriber() {
              @Override
              public boolean isReady() {
                return told.isReady();
              }

              @Override
              public void state(Snapshot snapshot) {
                told.state(snapshot);
              }

              @Override
              public void changes(RegistryInfo info, List<Change> changes) {
                refuses.set(true);
                throw new MetakeyException(Reason.QUOTA_EXCEEDED, "read what you have first");
              }

              @Override
              public void end(MetakeyException why) {
                told.end(why);
              }
            },
            FakeRegistry.EDGE,
            thread);
    assertThat(told.next().isState()).isTrue();
    registry.commitMany(1);

    hub.close();

    assertThat(refuses).isTrue();
    assertThat(told.next().why().reason()).isEqualTo(Reason.QUOTA_EXCEEDED);
    assertThat(told.unseen()).isZero();
    assertThat(hub.problems()).isEmpty();
  }

  @Test
  void close_whenSomebodyReadsSlowly_tellsTheLastChangesBeforeTheEnd() throws InterruptedException {
    FakeSubscriber slow = new FakeSubscriber().room(1);
    var unused = hub.subscribe(null, slow, FakeRegistry.EDGE, thread);
    assertThat(slow.next().isState()).isTrue();
    registry.commitMany(3);

    hub.close();

    assertThat(revisions(slow.next())).hasSize(3);
    assertThat(slow.next().why().reason()).isEqualTo(Reason.UNAVAILABLE);
  }

  @Test
  void close_whileOthersSubscribe_leavesNobodyWithoutAnEnd() throws Exception {
    for (int round = 0; round < 100; round++) {
      List<FakeSubscriber> subscribed = new ArrayList<>();
      CountDownLatch started = new CountDownLatch(5);
      CompletableFuture<Void> subscriber =
          CompletableFuture.runAsync(
              () -> {
                try {
                  while (true) {
                    FakeSubscriber next = new FakeSubscriber().room(0);
                    var unused = hub.subscribe(null, next, FakeRegistry.EDGE, thread);
                    subscribed.add(next);
                    started.countDown();
                  }
                } catch (MetakeyException refused) {
                  assertThat(refused.reason()).isIn(Reason.UNAVAILABLE, Reason.TOO_MANY_WAITERS);
                }
              });
      assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
      hub.close();
      subscriber.get(10, TimeUnit.SECONDS);
      for (FakeSubscriber one : subscribed) {
        assertThat(one.next().why()).isNotNull();
      }
      open();
    }
  }

  @Test
  void state_whenFieldsAreFree_isTheSnapshotThatWasCommitted() throws InterruptedException {
    var unused = registry.commit(register("a"));

    Told told = watch().next();

    assertThat(told.state()).isSameAs(registry.snapshot());
    assertThat(told.state().fields()).extracting(Field::name).contains("a", "kernel.rx_hash");
  }
}
