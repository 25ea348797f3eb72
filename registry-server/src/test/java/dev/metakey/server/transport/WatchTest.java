package dev.metakey.server.transport;

import static dev.metakey.server.transport.Client.info;
import static dev.metakey.server.transport.Client.register;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import dev.metakey.model.Layout;
import dev.metakey.server.Daemon;
import dev.metakey.server.config.Config;
import dev.metakey.server.engine.FakePrograms;
import dev.metakey.v1.Change;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ReleaseResponse;
import dev.metakey.v1.WatchRequest;
import dev.metakey.v1.WatchResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Watches on a real socket of a real daemon. */
@Timeout(60)
class WatchTest {
  @TempDir private Path directory;
  private Daemon daemon;
  private Client client;

  @BeforeEach
  void start() throws Exception {
    Path socket = directory.resolve("m.sock");
    daemon =
        new Daemon(
            new Config(
                new Config.Paths(
                    socket,
                    directory.resolve("data"),
                    directory,
                    "none",
                    directory.resolve("keys.d")),
                Layout.SLOTTED,
                128,
                600_000,
                new Config.History(100_000, 1),
                Config.Publish.ALL),
            new FakePrograms(),
            List.of(),
            false);
    client = Client.of(socket, "edge");
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    daemon.close();
  }

  /** Takes messages as they come, or one by one when it is asked to. */
  private static final class Watcher
      implements ClientResponseObserver<WatchRequest, WatchResponse> {
    final BlockingQueue<Object> told = new LinkedBlockingQueue<>();
    final boolean slow;
    ClientCallStreamObserver<WatchRequest> call;

    Watcher(boolean slow) {
      this.slow = slow;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<WatchRequest> stream) {
      call = stream;
      if (slow) {
        stream.disableAutoRequestWithInitial(1);
      }
    }

    @Override
    public void onNext(WatchResponse response) {
      told.add(response);
    }

    @Override
    public void onError(Throwable failure) {
      told.add(failure);
    }

    @Override
    public void onCompleted() {
      told.add("completed");
    }

    private Object take() throws InterruptedException {
      Object next = told.poll(20, TimeUnit.SECONDS);
      assertThat(next).as("nothing was told").isNotNull();
      return next;
    }

    WatchResponse next() throws InterruptedException {
      return (WatchResponse) take();
    }

    Throwable end() throws InterruptedException {
      return (Throwable) take();
    }
  }

  private Watcher watch(WatchRequest request) {
    return watch(request, false);
  }

  private Watcher watch(WatchRequest request, boolean slow) {
    Watcher watcher = new Watcher(slow);
    client.streaming().watch(request, watcher);
    return watcher;
  }

  private void toggle(int times) {
    for (int i = 0; i < times; i++) {
      if (i % 2 == 0) {
        var unused = client.registry().register(register("toggled", 8));
      } else {
        var unused =
            client.registry().release(ReleaseRequest.newBuilder().setName("toggled").build());
      }
    }
  }

  private static List<Long> revisions(WatchResponse response) {
    return response.getChanges().getChangesList().stream().map(Change::getRevision).toList();
  }

  private int watching() {
    return client.registry().getStatus(GetStatusRequest.getDefaultInstance()).getWatching();
  }

  @Test
  void watch_isToldTheStateThenChangesAndCanResume() throws InterruptedException {
    toggle(1);
    Watcher watcher = watch(WatchRequest.getDefaultInstance());

    WatchResponse first = watcher.next();
    assertThat(first.hasState()).isTrue();
    assertThat(first.getState().getFieldsList())
        .extracting(field -> field.getSpec().getName())
        .containsExactly("toggled", "kernel.rx_timestamp", "kernel.rx_hash", "kernel.rx_vlan_tag");
    var unused =
        client
            .registry()
            .register(register("b", 2).toBuilder().addFields(Client.spec("c", 2)).build());
    WatchResponse second = watcher.next();
    assertThat(revisions(second)).containsExactly(2L, 3L);
    assertThat(second.getRegistry().getRevision()).isEqualTo(3);

    String id = second.getRegistry().getRegistryId();
    WatchRequest since = WatchRequest.newBuilder().setRegistryId(id).setSinceRevision(1).build();
    assertThat(revisions(watch(since).next())).containsExactly(2L, 3L);
    WatchResponse atHead = watch(since.toBuilder().setSinceRevision(3).build()).next();
    assertThat(atHead.hasChanges()).isTrue();
    assertThat(revisions(atHead)).isEmpty();
    assertThat(watching()).isEqualTo(3);
  }

  @Test
  void watch_whenResumeIsImpossible_isToldTheState() throws InterruptedException {
    toggle(3);
    String id = watch(WatchRequest.getDefaultInstance()).next().getRegistry().getRegistryId();

    for (WatchRequest request :
        List.of(
            WatchRequest.newBuilder()
                .setRegistryId(UUID.randomUUID().toString())
                .setSinceRevision(1)
                .build(),
            WatchRequest.newBuilder().setRegistryId(id).setSinceRevision(4).build(),
            WatchRequest.newBuilder().setRegistryId(id).setSinceRevision(-1).build())) {
      assertThat(watch(request).next().hasState()).isTrue();
    }
  }

  @Test
  void watch_whenRequestIsBad_isRefused() throws InterruptedException {
    for (String id : List.of("", "not a uuid")) {
      Watcher bad = watch(WatchRequest.newBuilder().setSinceRevision(1).setRegistryId(id).build());
      assertThat(info(bad.end()).getReason()).isEqualTo("INVALID_REQUEST");
    }
    assertThat(watching()).isZero();
  }

  @Test
  void watch_whenCancelled_isForgotten() throws InterruptedException {
    Watcher watcher = watch(WatchRequest.getDefaultInstance());
    assertThat(watcher.next().hasState()).isTrue();
    assertThat(watching()).isEqualTo(1);

    watcher.call.cancel("enough", null);

    while (watching() > 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void watch_whenTheWatcherDoesNotRead_isToldTheNewestWhenItDoes() throws InterruptedException {
    Watcher slow = watch(WatchRequest.getDefaultInstance(), true);
    Watcher fast = watch(WatchRequest.getDefaultInstance());
    assertThat(slow.next().hasState()).isTrue();
    assertThat(fast.next().hasState()).isTrue();

    long head = manyLargeChanges();

    long at = 0;
    while (at < head) {
      List<Long> revisions = revisions(fast.next());
      assertThat(revisions.get(0)).isEqualTo(at + 1);
      at = revisions.get(revisions.size() - 1);
    }
    boolean startedAnew = false;
    at = 0;
    while (at < head) {
      slow.call.request(1);
      WatchResponse next = slow.next();
      startedAnew |= next.hasState();
      if (next.hasChanges()) {
        assertThat(revisions(next).get(0)).isEqualTo(at + 1);
      }
      at = next.getRegistry().getRevision();
    }
    assertThat(startedAnew).isTrue();
  }

  /** More than a stream's window and the changes that the hub keeps: 4 MB of 800 bytes each. */
  private long manyLargeChanges() {
    int fields = 40;
    RegisterRequest.Builder all = RegisterRequest.newBuilder();
    for (int i = 0; i < fields; i++) {
      all.addFields(Client.spec("f" + i, 2).toBuilder().setDescription("x".repeat(255)));
    }
    long revision = 0;
    for (int round = 0; round < 60; round++) {
      revision = client.registry().register(all.build()).getRegistry().getRevision();
      List<ListenableFuture<ReleaseResponse>> releases = new ArrayList<>();
      for (int i = 0; i < fields; i++) {
        releases.add(client.later().release(ReleaseRequest.newBuilder().setName("f" + i).build()));
      }
      for (var release : releases) {
        revision = Math.max(revision, Futures.getUnchecked(release).getRegistry().getRevision());
      }
    }
    assertThat(revision).isEqualTo(60 * 2 * fields);
    return revision;
  }

  @Test
  void watch_whenTheDaemonStops_isToldSo() throws Exception {
    Watcher watcher = watch(WatchRequest.getDefaultInstance());
    assertThat(watcher.next().hasState()).isTrue();

    daemon.close();

    assertThat(info(watcher.end()).getReason()).isEqualTo("UNAVAILABLE");
    client.close();
    start();
  }
}
