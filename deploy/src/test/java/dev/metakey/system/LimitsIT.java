package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.GetRequest;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.GetStatusResponse;
import dev.metakey.v1.ListPendingRequest;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.RegistryInfo;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.v1.ResolveResponse;
import dev.metakey.wire.Replies;
import dev.metakey.wire.WireErrors;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Limits that are reached, and calls that come too late: each meets one clear error with a stable
 * reason, others are served meanwhile, and nothing is changed.
 */
class LimitsIT {

  @RegisterExtension final Host host = new Host();

  private Wiretap daemon;
  private RegistryInfo before;

  @BeforeEach
  void startWithOneField() throws Exception {
    host.configure("area: 216");
    host.start();
    daemon = host.connect();
    daemon.register(Wiretap.field("edge.packet_id", 8));
    before = info();
  }

  private RegistryInfo info() {
    return daemon.registry().list(ListRequest.getDefaultInstance()).getRegistry();
  }

  @AfterEach
  void nothingIsChanged() {
    assertThat(info()).as("the registry afterwards").isEqualTo(before);
  }

  @Test
  void releases_whenTooLateOrOfAnother_areRefused() throws Exception {
    daemon.register(Wiretap.field("gone", 2));
    daemon.release("gone");
    before = info();
    Wiretap.refused(Reason.NOT_FOUND, () -> daemon.release("gone"), "gone", "released already");
    Wiretap.refused(Reason.NOT_FOUND, () -> daemon.release("never.was"), "never.was");
    var wrong = ReleaseRequest.newBuilder().setName("edge.packet_id");
    Wiretap.refused(
        Reason.WRONG_GENERATION,
        () -> daemon.registry().release(wrong.setGeneration(2).build()),
        "generation 1, not 2");
    for (int generation : new int[] {0, -1, Integer.MIN_VALUE}) {
      Wiretap.refused(
          Reason.INVALID_REQUEST,
          () -> daemon.registry().release(wrong.setGeneration(generation).build()),
          "generation");
    }
    host.cli("release", "gone").refuses(3, "gone", "released already");
    host.cli("release", "never.was").refuses(3, "never.was");
    host.cli("release", "edge.packet_id", "--generation", "7").refuses(7, "generation 1, not 7");
    host.cli("release", "edge.packet_id", "--generation", "0").refuses(2, "generation");
    host.cli("release", "edge.packet_id", "--generation", "-1").refuses(2, "generation");
  }

  @Test
  void registration65_isRefusedAndNamesTheHolders() throws Exception {
    FieldSpec[] rest =
        IntStream.range(1, 64).mapToObj(i -> Wiretap.field("n" + i, 2)).toArray(FieldSpec[]::new);
    daemon.register(rest);
    before = info();
    String holder = before.getRevision() == 64 ? ownerOf("n1") : "?";
    MetakeyException refusal =
        Wiretap.refused(
            Reason.NO_FREE_ID,
            () -> daemon.register(Wiretap.field("one.too_many", 2)),
            "one.too_many",
            "64 of 64",
            holder + ": 64");
    assertThat(refusal.facts()).containsEntry("limit", "64").containsEntry("used", "64");
    host.cli("register", "one.too_many:2").refuses(6, "64 of 64", holder + ": 64", "metakey list");
    // All or nothing: a known one together with one too many.
    Wiretap.refused(
        Reason.NO_FREE_ID,
        () -> daemon.register(Wiretap.field("n1", 2), Wiretap.field("one.too_many", 2)));
  }

  private String ownerOf(String name) {
    var owner =
        daemon
            .registry()
            .get(GetRequest.newBuilder().setName(name).build())
            .getField()
            .getOwners(0);
    return Replies.owner(owner).toString();
  }

  @Test
  void registration_whenTheAreaIsFull_isRefusedAndNamesTheHolders() throws Exception {
    FieldSpec[] eights =
        IntStream.range(0, 24).mapToObj(i -> Wiretap.field("n" + i, 8)).toArray(FieldSpec[]::new);
    daemon.register(eights); // with edge.packet_id: 200 of 200 bytes
    before = info();
    Wiretap.refused(
        Reason.NO_FREE_SLOT,
        () -> daemon.register(Wiretap.field("one.too_many", 2)),
        "200 of 200 bytes",
        ownerOf("n1") + ": 200");
    host.cli("register", "one.too_many:2").refuses(6, "200 of 200 bytes", ownerOf("n1"));
  }

  @Test
  void waits_whenMoreComeThanMay_areBoundedAndTheRestIsServed() throws Exception {
    int most = 4_096 - 1_024; // an admin's: room for one more uid is left
    int all = 3_300;
    int perConnection = 110;
    AtomicInteger answered = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    CountDownLatch done = new CountDownLatch(all);
    var request =
        ResolveRequest.newBuilder()
            .addNames("not.there_yet")
            .setWait(Duration.newBuilder().setSeconds(3600))
            .build();
    Channel channel = null;
    RegistryGrpc.RegistryStub stub = null;
    for (int i = 0; i < all; i++) {
      if (i % perConnection == 0) {
        arrive(channel);
        channel = host.connect("waiter").channel();
        stub = RegistryGrpc.newStub(channel);
      }
      stub.resolve(
          request,
          new StreamObserver<ResolveResponse>() {
            @Override
            public void onNext(ResolveResponse response) {
              answered.incrementAndGet();
            }

            @Override
            public void onError(Throwable failure) {
              Reason reason = WireErrors.fromStatus((StatusRuntimeException) failure).reason();
              if (reason == Reason.TOO_MANY_WAITERS) {
                refused.incrementAndGet();
              }
              done.countDown();
            }

            @Override
            public void onCompleted() {
              done.countDown();
            }
          });
    }
    daemon.register(Wiretap.field("meanwhile", 2)); // others are served
    Host.await("those over the limit are refused", () -> refused.get() == all - most);
    var status = daemon.registry().getStatus(GetStatusRequest.getDefaultInstance());
    assertThat(status.getWaiting()).isEqualTo(most);
    String waits = "waits: 3072 of 4096; %d refused since the start; ".formatted(all - most);
    assertThat(host.cli("status").ok().out()).contains(waits + "the most by uid 0 (3072 of 3072)");
    assertThat(host.cliAsNobody("status").ok().out()).contains(waits + "1 user\n");
    assertThat(host.cli("pending", "-o", "jsonl").ok().out().lines()).hasSize(most);
    host.cli("resolve", "not.there_yet", "--wait", "1s").refuses(6, "3072", "metakey pending");
    host.cli("resolve", "edge.packet_id").ok();
    daemon.register(Wiretap.field("not.there_yet", 2));
    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(answered).hasValue(most);
    before = info();
  }

  /**
   * Waits until all calls of a connection are there: a client sends the headers of all that it
   * sends at once first, and no more than 640 of an admin's may be half sent.
   */
  private static void arrive(@Nullable Channel channel) {
    if (channel != null) {
      var unused = RegistryGrpc.newBlockingStub(channel).list(ListRequest.getDefaultInstance());
    }
  }

  @Test
  void pending_whenWaitsFillMoreThanAMessage_printsAll() throws Exception {
    ResolveRequest.Builder request =
        ResolveRequest.newBuilder().setWait(Duration.newBuilder().setSeconds(3600));
    for (int i = 0; i < 64; i++) {
      request.addNames("long." + "x".repeat(54) + "%04d".formatted(i));
    }
    List<Wiretap> waiters = new ArrayList<>();
    for (int i = 0; i < 600; i++) { // 5 MB; a client takes 4
      if (i % 100 == 0) {
        waiters.add(host.connect("waiter"));
      }
      var unused = waiters.get(waiters.size() - 1).futures().resolve(request.build());
    }
    Host.await("all wait", () -> status().getWaiting() == 600);

    assertThat(host.cli("pending", "-o", "jsonl").ok().out().lines()).hasSize(600);
    Wiretap.refused(
        Reason.INVALID_REQUEST,
        () -> daemon.admin().listPending(ListPendingRequest.newBuilder().setLimit(257).build()),
        "limit 257",
        "1 to 256");
    waiters.forEach(Wiretap::close);
    Host.await("nobody waits", () -> status().getWaiting() == 0);
  }

  private GetStatusResponse status() {
    return daemon.registry().getStatus(GetStatusRequest.getDefaultInstance());
  }

  @Test
  void waits_whenTheirClientGoesAway_areForgotten() throws Exception {
    Wiretap leaving = host.connect();
    var request =
        ResolveRequest.newBuilder()
            .addNames("not.there_yet")
            .setWait(Duration.newBuilder().setSeconds(3600))
            .build();
    for (int i = 0; i < 100; i++) {
      var unused = leaving.futures().resolve(request);
    }
    Host.await("all wait", () -> waiting() == 100);
    leaving.close();
    Host.await("nobody waits", () -> waiting() == 0);
  }

  private int waiting() {
    return status().getWaiting();
  }

  @Test
  void clients_whenThousandsConnectAndSayNothing_doNotKeepOthersOut() throws Exception {
    othersAreServedBeside("");
  }

  @Test
  void clients_whenThousandsConnectAndAskNothing_doNotKeepOthersOut() throws Exception {
    othersAreServedBeside("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
  }

  private void othersAreServedBeside(String greeting) throws Exception {
    byte[] bytes = greeting.getBytes(StandardCharsets.US_ASCII);
    List<SocketChannel> idle = new ArrayList<>();
    try {
      for (int i = 0; i < 10_000; i++) {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        idle.add(channel);
        channel.connect(UnixDomainSocketAddress.of(host.socket()));
        try {
          channel.write(ByteBuffer.wrap(bytes));
        } catch (IOException hungUp) {
          // The daemon has closed it to make room for another.
        }
        if (i % 2_000 == 1_999) {
          host.program("status", "--timeout", "50s").ok();
          host.cliAsNobody("status", "--timeout", "50s").ok();
        }
      }
    } finally {
      for (SocketChannel channel : idle) {
        channel.close();
      }
    }
  }
}
