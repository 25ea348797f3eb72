package dev.metakey.server.transport;

import static dev.metakey.server.transport.Client.refused;
import static dev.metakey.server.transport.Client.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetHost;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Prefixes;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.EngineThreads;
import dev.metakey.server.engine.EngineThreads.Progress;
import dev.metakey.server.engine.Engines;
import dev.metakey.server.engine.FakeClock;
import dev.metakey.server.engine.FakePrograms;
import dev.metakey.server.engine.FakeStore;
import dev.metakey.server.engine.FleetDesk;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.files.SocketAccess;
import dev.metakey.server.publication.WatchHub;
import dev.metakey.v1.AdoptFleetIdRequest;
import dev.metakey.v1.ExportFleetRequest;
import dev.metakey.v1.FleetAdminGrpc;
import dev.metakey.v1.ForgetFleetHostRequest;
import dev.metakey.v1.GetFleetRequest;
import dev.metakey.v1.GetFleetResponse;
import dev.metakey.v1.JoinFleetRequest;
import dev.metakey.v1.ListFleetHostsRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
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
  private static final FleetPlanLine LINE =
      new FleetPlanLine("edge.hop", 3, 24, false, "in the fleet its id 3 is that of edge.zone");

  @TempDir private Path directory;
  private final Desk desk = new Desk();
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

  private void know(FleetField... fields) {
    Map<String, FleetField> byName =
        fields.length == 0 ? Map.of() : Map.of(fields[0].name(), fields[0]);
    engine.take(
        new Fleet("prod", new Prefixes(false, List.of("edge")), 0, 47, true, false, false, byName));
  }

  @Test
  void getFleet_tellsWhatIsKnown() {
    know(new FleetField(PACKET, 17, 64, "edge", 1, false));
    GetFleetResponse reply = fleet().getFleet(GetFleetRequest.getDefaultInstance());
    assertThat(reply.getStatus().getName()).isEqualTo("prod");
    assertThat(reply.getNames(0).getId()).isEqualTo(17);
    assertThat(reply.getPlan(0).getVerdict()).isEqualTo(LINE.verdict());
  }

  @Test
  void register_whenTheNameIsNew_isAnsweredWithTheFleetsId() {
    know();
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
    know(new FleetField(PACKET, 17, 64, "edge", 1, false));
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

  /** A fleet that gives each name id 17, until it is away. */
  private final class Desk implements FleetDesk {
    private volatile boolean away;

    private <T> CompletableFuture<T> answer(T value) {
      return away
          ? CompletableFuture.failedFuture(new MetakeyException(Reason.FLEET_AWAY, "away"))
          : CompletableFuture.completedFuture(value);
    }

    @Override
    public CompletableFuture<Void> claim(List<FieldSpec> specs, String service) {
      if (!away) {
        know(new FleetField(specs.get(0), 17, 64, service, 1, false));
      }
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public FleetStatus status() {
      return new FleetStatus(
          "prod", true, !away, 1, "", 7, 0, 47, "edge", 1, 0, List.of("a problem"));
    }

    @Override
    public List<FleetPlanLine> plan() {
      return List.of(LINE);
    }

    @Override
    public CompletableFuture<List<FleetPlanLine>> join() {
      return answer(plan());
    }

    @Override
    public CompletableFuture<Integer> forget(String host) {
      return answer(host.equals("host-17") ? 1 : host.equals("twins") ? 2 : 0);
    }

    @Override
    public CompletableFuture<List<FleetHost>> hosts() {
      return answer(List.of(new FleetHost("host-17", "id", "1.0", 1)));
    }

    @Override
    public CompletableFuture<String> export() {
      return answer("{}");
    }
  }
}
