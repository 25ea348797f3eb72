package dev.metakey.server.transport;

import static dev.metakey.server.transport.Client.refused;
import static dev.metakey.server.transport.Client.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.util.Timestamps;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetEventKind;
import dev.metakey.model.Peer;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.EngineThreads;
import dev.metakey.server.engine.EngineThreads.Progress;
import dev.metakey.server.engine.Engines;
import dev.metakey.server.engine.FakeClock;
import dev.metakey.server.engine.FakePrograms;
import dev.metakey.server.engine.FakeStore;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.files.SocketAccess;
import dev.metakey.server.publication.WatchHub;
import dev.metakey.v1.AdoptFleetIdRequest;
import dev.metakey.v1.ExportFleetRequest;
import dev.metakey.v1.FleetAdminGrpc;
import dev.metakey.v1.FleetEvent;
import dev.metakey.v1.ForgetFleetHostRequest;
import dev.metakey.v1.GetFleetRequest;
import dev.metakey.v1.GetFleetResponse;
import dev.metakey.v1.JoinFleetRequest;
import dev.metakey.v1.ListFleetHostsRequest;
import dev.metakey.v1.ListHistoryRequest;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Contexts;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The calls about a fleet, with a fleet in memory. */
@Timeout(60)
class FleetServiceTest {
  private static final FieldSpec PACKET = FieldSpec.of("edge.packet_id", 8);

  @TempDir private Path directory;
  private FakeDesk desk;
  private Engine engine;
  private WatchHub hub;
  private EngineThreads threads;
  private SocketServer server;
  private Client client;

  @BeforeEach
  void start() throws Exception {
    int uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    begin(new Peer(uid, uid, 1, "metakeyd").withPrivileges(), true);
  }

  private void begin(Peer self, boolean hasFleet) throws Exception {
    Path path = directory.resolve("m.sock");
    engine = Engines.begun(new FakeStore(), new FakeClock(), self);
    KernelWatch kernel = new KernelWatch(engine, new FakePrograms());
    hub = new WatchHub(engine::snapshot, engine::history, Limits.DEFAULTS.watches(), peer -> false);
    server =
        new SocketServer(
            path,
            engine,
            kernel,
            hub,
            () -> {
              throw new IllegalStateException("nobody asks");
            },
            () -> Launchers.DEFAULTS,
            new NoUpkeep(),
            () -> "",
            Limits.DEFAULTS);
    desk = new FakeDesk(engine);
    if (hasFleet) {
      server.fleet(desk);
    }
    threads = new EngineThreads(engine, () -> {}, Progress.UNWATCHED);
    threads.start();
    server.start(SocketAccess.EVERYBODY, false);
    client = Client.of(path, "edge");
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    server.stopAccepting();
    threads.close();
    hub.close();
    server.close();
  }

  private FleetAdminGrpc.FleetAdminBlockingStub fleet() {
    return FleetAdminGrpc.newBlockingStub(client.channel()).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  @Test
  void getFleet_tellsWhatIsKnown() {
    desk.know(new FleetField(PACKET, 17, 64, "edge", 1, false));
    GetFleetResponse reply = fleet().getFleet(GetFleetRequest.getDefaultInstance());
    assertThat(reply.getStatus().getName()).isEqualTo("prod");
    assertThat(reply.getNames(0).getId()).isEqualTo(17);
    assertThat(reply.getPlan(0).getVerdict()).isEqualTo(FakeDesk.LINE.verdict());
  }

  @Test
  void listHistory_hasWhatBecameOfTheFleetBetweenTheChanges_narrowedLikewise() {
    desk.note(FleetEventKind.FLEET_JOINED, "", new Peer(0, 0, 1, "metakeyd"));
    client.registry().register(register("own.a", 8)); // revision 1
    desk.note(FleetEventKind.FLEET_PLACED, "edge.hop", new Peer(0, 0, 1, "metakeyd"));
    client.registry().register(register("own.b", 8)); // revision 2
    desk.note(FleetEventKind.FLEET_FORGOT, "", new Peer(0, 0, 7, "metakey"));

    assertThat(events(ListHistoryRequest.newBuilder())).containsExactly(0L, 1L, 2L);
    assertThat(events(ListHistoryRequest.newBuilder().setLimit(1))).containsExactly(0L);
    assertThat(events(ListHistoryRequest.newBuilder().setSinceRevision(1).setLimit(1)))
        .containsExactly(1L);
    assertThat(events(ListHistoryRequest.newBuilder().setSinceRevision(2))).containsExactly(2L);
    assertThat(events(ListHistoryRequest.newBuilder().setName("edge.hop"))).containsExactly(1L);
    assertThat(events(ListHistoryRequest.newBuilder().setBy("metakey"))).containsExactly(2L);
    assertThat(events(ListHistoryRequest.newBuilder().setFrom(Timestamps.fromMillis(2)))).isEmpty();
  }

  private List<Long> events(ListHistoryRequest.Builder request) {
    return client.admin().listHistory(request.build()).getFleetEventsList().stream()
        .map(FleetEvent::getRevision)
        .toList();
  }

  @Test
  void register_whenTheNameIsNew_isAnsweredWithTheFleetsId() {
    desk.know();
    assertThat(client.registry().register(register("edge.packet_id", 8)).getResults(0).getField())
        .satisfies(field -> assertThat(field.getId()).isEqualTo(17))
        .satisfies(field -> assertThat(field.getSlot()).isEqualTo(64));
    desk.away = true;
    assertThat(refused(() -> client.registry().register(register("edge.hop", 8))).getReason())
        .isEqualTo("FLEET_AWAY");
  }

  @Test
  void adopt_movesTheField() throws Exception {
    client.registry().register(register("edge.packet_id", 8));
    desk.know(new FleetField(PACKET, 17, 64, "edge", 1, false));
    var request = AdoptFleetIdRequest.newBuilder().setName("edge.packet_id").build();
    assertThat(fleet().adoptFleetId(request).getField().getId()).isEqualTo(17);
  }

  @Test
  void joinHostsForgetAndExport_askTheFleet() {
    assertThat(fleet().joinFleet(JoinFleetRequest.getDefaultInstance()).getPlan(0).getName())
        .isEqualTo("edge.hop");
    assertThat(
            fleet()
                .listFleetHosts(ListFleetHostsRequest.getDefaultInstance())
                .getHosts(0)
                .getName())
        .isEqualTo("host-17");
    assertThat(fleet().exportFleet(ExportFleetRequest.getDefaultInstance()).getJson())
        .isEqualTo("{}");
    var unused = fleet().forgetFleetHost(forget("host-17"));
    assertThat(refused(() -> fleet().forgetFleetHost(forget("host-18"))).getReason())
        .isEqualTo("NOT_FOUND");
    assertThat(refused(() -> fleet().forgetFleetHost(forget("twins"))).getReason())
        .isEqualTo("INVALID_REQUEST");
    desk.away = true;
    assertThat(
            refused(() -> fleet().exportFleet(ExportFleetRequest.getDefaultInstance())).getReason())
        .isEqualTo("FLEET_AWAY");
  }

  @Test
  void adopt_whenThePlaceIsAnothersInTheFleet_hasTheFleetGiveOneFirst() {
    client.registry().register(register("edge.hop", 8));
    desk.know(new FleetField(FieldSpec.of("edge.zone", 8), 0, 64, "edge", 1, false));
    var request = AdoptFleetIdRequest.newBuilder().setName("edge.hop").build();
    assertThat(fleet().adoptFleetId(request).getField().getId()).isEqualTo(17);
  }

  @Test
  void everyCall_whenTheCallerIsNoAdmin_isRefused() throws Exception {
    Peer ordinary = new Peer(4711, 4711, 7, "edge");
    ServerInterceptor asOrdinary =
        new ServerInterceptor() {
          @Override
          public <Q, A> ServerCall.Listener<Q> interceptCall(
              ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            return Contexts.interceptCall(
                CallerInterceptor.contextOf(ordinary), call, headers, next);
          }
        };
    KernelWatch kernel = new KernelWatch(engine, new FakePrograms());
    var service = new FleetService(engine, desk, kernel, Runnable::run);
    Server other =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(ServerInterceptors.intercept(service, asOrdinary))
            .build()
            .start();
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", other.getPort()).usePlaintext().build();
    try {
      for (MethodDescriptor<?, ?> method : FleetAdminGrpc.getServiceDescriptor().getMethods()) {
        assertThat(refused(() -> callWithNothing(channel, method)).getReason())
            .as(method.getFullMethodName())
            .isEqualTo("NOT_PERMITTED");
      }
    } finally {
      channel.shutdownNow();
      other.shutdownNow();
    }
  }

  private static <Q, A> void callWithNothing(Channel channel, MethodDescriptor<Q, A> method) {
    Q empty = method.parseRequest(InputStream.nullInputStream());
    var unused =
        ClientCalls.blockingUnaryCall(
            channel, method, CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS), empty);
  }

  private static ForgetFleetHostRequest forget(String host) {
    return ForgetFleetHostRequest.newBuilder().setHost(host).build();
  }

  @Test
  void calls_whenThereIsNoFleet_areUnknown() throws Exception {
    stop();
    begin(new Peer(0, 0, 1, "metakeyd").withPrivileges(), false);
    Throwable failure =
        catchThrowable(() -> fleet().getFleet(GetFleetRequest.getDefaultInstance()));
    assertThat(((StatusRuntimeException) failure).getStatus().getCode())
        .isEqualTo(Status.Code.UNIMPLEMENTED);
  }
}
