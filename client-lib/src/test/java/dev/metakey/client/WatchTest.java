package dev.metakey.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.v1.Changes;
import dev.metakey.v1.WatchResponse;
import dev.metakey.wire.Wire;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a watch tells, whatever becomes of the daemon. */
final class WatchTest {
  @TempDir private Path folder;
  private FakeDaemon daemon;
  private MetakeyClient client;

  @BeforeEach
  void start() {
    daemon = FakeDaemon.started(folder.resolve("metakeyd.sock"));
    client = new ClientBuilder(name -> null).socket(daemon.socket).connect();
  }

  @AfterEach
  void stop() {
    client.close();
    daemon.close();
  }

  @Test
  void next_whenNew_tellsTheStateThenTheChanges() {
    daemon.add("edge.a", 4);
    try (Watch watch = client.watch()) {
      var state = (WatchEvent.State) watch.next();
      assertThat(state.snapshot().info()).isEqualTo(daemon.snapshot().info());
      assertThat(state.snapshot().records()).isEqualTo(daemon.snapshot().records());

      daemon.add("edge.b", 8);
      var changes = (WatchEvent.Changes) watch.next();
      assertThat(changes.info().revision()).isEqualTo(2);
      assertThat(changes.changes())
          .extracting(Change::field)
          .containsExactly(daemon.snapshot().byName("edge.b"));
    }
  }

  @Test
  void next_whenDaemonIsRestarted_tellsEveryChangeOnce() {
    List<Long> revisions = new ArrayList<>();
    try (Watch watch = client.watch()) {
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);
      for (int outage = 0; outage < 3; outage++) {
        daemon.add("edge.up" + outage, 4);
        read(watch, revisions);
        daemon.kill();
        assertThat(watch.next()).isInstanceOf(WatchEvent.Disconnected.class);
        daemon.add("edge.down" + outage, 4);
        daemon.add("edge.down_too" + outage, 4);
        daemon.start();
        read(watch, revisions);
      }
    }
    assertThat(revisions).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
    assertThat(daemon.watchRequests.get(0).hasSinceRevision()).isFalse();
    assertThat(daemon.watchRequests.get(1).getSinceRevision()).isEqualTo(1);
    assertThat(daemon.watchRequests.get(3).getSinceRevision()).isEqualTo(7);
  }

  private static void read(Watch watch, List<Long> revisions) {
    var changes = (WatchEvent.Changes) watch.next();
    changes.changes().forEach(change -> revisions.add(change.revision()));
  }

  @Test
  void next_whenChangesAreNotKept_tellsTheStateAgain() {
    try (Watch watch = client.watch()) {
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);
      daemon.kill();
      assertThat(watch.next()).isInstanceOf(WatchEvent.Disconnected.class);
      daemon.forgetHistory();
      daemon.add("edge.a", 4);
      daemon.start();
      var state = (WatchEvent.State) watch.next();
      assertThat(state.snapshot().info().revision()).isEqualTo(1);
    }
  }

  @Test
  void watch_whenResumed_tellsWhatCameAfter() {
    daemon.add("edge.a", 4);
    daemon.add("edge.b", 4);
    UUID registryId = daemon.snapshot().info().registryId();
    try (Watch watch = client.watch(registryId, 1)) {
      List<Long> revisions = new ArrayList<>();
      read(watch, revisions);
      assertThat(revisions).containsExactly(2L);
    }
  }

  @Test
  void watch_whenItsRegistryIsGone_tellsTheState() {
    try (Watch watch = client.watch(UUID.randomUUID(), 1)) {
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);
    }
  }

  @Test
  void next_whenDaemonRepeatsAChange_tellsItOnce() {
    try (Watch watch = client.watch()) {
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);
      Eventually.await("a watch", () -> daemon.watching() == 1);
      daemon.add("edge.a", 4);
      var first = (WatchEvent.Changes) watch.next();
      daemon.say(daemon.changes(first.changes()));
      daemon.add("edge.b", 4);
      List<Long> revisions = new ArrayList<>();
      read(watch, revisions);
      read(watch, revisions);
      assertThat(revisions).containsExactly(2L);
    }
  }

  @Test
  void next_whenDaemonSkipsAChange_asksForTheState() {
    try (Watch watch = client.watch()) {
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);
      Eventually.await("a watch", () -> daemon.watching() == 1);
      RegistryInfo ahead = daemon.snapshot().info().withRevision(5);
      daemon.say(
          WatchResponse.newBuilder()
              .setRegistry(Wire.info(ahead))
              .setChanges(Changes.getDefaultInstance())
              .build());
      var lost = (WatchEvent.Disconnected) watch.next();
      assertThat(lost.cause()).hasMessageContaining("left out changes after revision 0");
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);
    }
  }

  @Test
  void next_whenDaemonTalksNonsense_asksForTheState() {
    try (Watch watch = client.watch()) {
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);
      Eventually.await("a watch", () -> daemon.watching() == 1);
      daemon.say(WatchResponse.getDefaultInstance());
      assertThat(watch.next()).isInstanceOf(WatchEvent.Disconnected.class);
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);
    }
  }

  @Test
  void next_whenANewerDaemonSaysMoreThanWeUnderstand_goesOn() {
    try (Watch watch = client.watch()) {
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);
      Eventually.await("a watch", () -> daemon.watching() == 1);
      daemon.say(
          WatchResponse.newBuilder().setRegistry(Wire.info(daemon.snapshot().info())).build());
      assertThat(((WatchEvent.Changes) watch.next()).changes()).isEmpty();
      daemon.add("edge.a", 4);
      assertThat(((WatchEvent.Changes) watch.next()).changes()).hasSize(1);
    }
  }

  @Test
  void next_whenRefused_throwsTheReason() {
    daemon.refuseEverything(new MetakeyException(Reason.TOO_MANY_WAITERS, "too many"));
    try (Watch watch = client.watch()) {
      assertThatThrownBy(watch::next)
          .isInstanceOfSatisfying(
              MetakeyException.class,
              e -> assertThat(e.reason()).isEqualTo(Reason.TOO_MANY_WAITERS));
      daemon.refuseEverything(null);
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);
    }
  }

  @Test
  void close_whenAReaderWaitsForAnEvent_endsItsWait() throws Exception {
    Watch watch = client.watch();
    CountDownLatch reading = new CountDownLatch(1);
    var reader =
        CompletableFuture.supplyAsync(
            () -> {
              watch.next();
              reading.countDown();
              return watch.hasNext();
            });
    reading.await();
    watch.close();
    assertThat(reader.get()).isFalse();
    assertThatThrownBy(watch::next).isInstanceOf(NoSuchElementException.class);
    Eventually.await("the daemon knows", () -> daemon.watching() == 0);
  }

  @Test
  void close_whenAReaderWaitsForTheDaemon_endsItsWaitAndLeavesNoInterrupt() throws Exception {
    Watch watch = client.watch();
    watch.next();
    daemon.kill();
    watch.next();
    AtomicReference<Thread> thread = new AtomicReference<>();
    var reader =
        CompletableFuture.supplyAsync(
            () -> {
              thread.set(Thread.currentThread());
              return watch.hasNext() || Thread.currentThread().isInterrupted();
            },
            task -> new Thread(task).start());
    Eventually.await(
        "a pause",
        () -> thread.get() != null && thread.get().getState() == Thread.State.TIMED_WAITING);
    watch.close();
    assertThat(reader.get()).isFalse();
  }

  @Test
  void hasNext_whenClientIsClosed_isFalse() {
    Watch watch = client.watch();
    assertThat(watch.hasNext()).isTrue();
    client.close();
    assertThat(watch.hasNext()).isFalse();
  }

  @Test
  void hasNext_whenInterrupted_keepsTheFlagAndGoesOnLater() {
    try (Watch watch = client.watch()) {
      watch.next();
      Thread.currentThread().interrupt();
      assertThatThrownBy(watch::hasNext).hasMessageContaining("interrupted");
      assertThat(Thread.interrupted()).isTrue();
      daemon.add("edge.a", 4);
      assertThat(watch.next()).isInstanceOf(WatchEvent.Changes.class);
    }
  }
}
