package dev.metakey.server.transport;

import static dev.metakey.server.transport.Client.refused;
import static dev.metakey.server.transport.Client.register;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.rpc.ErrorInfo;
import com.sun.management.ThreadMXBean;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Peer;
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
import dev.metakey.v1.GetHeaderRequest;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ResolveRequest;
import io.grpc.ConnectivityState;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The transport with a store that fails on demand, and with little patience for silent clients. */
@Timeout(60)
class SocketServerTest {
  private static final int SILENCE_MS = 200;
  private static final int CALLS = 100;
  private static final int MOST_BYTES_OF_A_CALL = 10_000; // it was 6,500
  private static final Limits LIMITS =
      Raw.limits(new Limits.Connection(128, 4, 1 << 20, SILENCE_MS, 10_000, 60_000, 600_000));

  @TempDir private Path directory;
  private final FakeStore store = new FakeStore();
  private final FakeClock clock = new FakeClock();
  private Path path;
  private EngineThreads threads;
  private WatchHub hub;
  private Engine engine;
  private KernelWatch kernel;
  private SocketServer server;
  private Client client;

  @BeforeEach
  void start() throws Exception {
    path = directory.resolve("m.sock");
    int uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    engine = Engines.begun(store, clock, new Peer(uid, uid, 1, "metakeyd").withPrivileges());
    kernel = new KernelWatch(engine, new FakePrograms());
    hub = new WatchHub(engine::snapshot, engine::history, Limits.DEFAULTS.watches(), peer -> false);
    server = newServer();
    threads = new EngineThreads(engine, () -> {}, Progress.UNWATCHED);
    engine.addListener(hub);
    engine.onHealth(server::changesPossible);
    threads.start();
    server.start(SocketAccess.EVERYBODY, false);
    client = Client.of(path, "edge");
  }

  private SocketServer newServer() throws IOException {
    return new SocketServer(
        path,
        engine,
        kernel,
        hub,
        SocketServerTest::status,
        () -> Launchers.DEFAULTS,
        new NoUpkeep(),
        () -> "",
        LIMITS,
        peer -> true);
  }

  private static DaemonStatus status() {
    throw new IllegalStateException("a defect in the status");
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    server.stopAccepting();
    threads.close();
    hub.close();
    server.close();
  }

  private ServingStatus health(String service) {
    return HealthGrpc.newBlockingStub(client.channel())
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .check(HealthCheckRequest.newBuilder().setService(service).build())
        .getStatus();
  }

  private SocketChannel connect() throws IOException {
    SocketChannel raw = SocketChannel.open(StandardProtocolFamily.UNIX);
    raw.connect(UnixDomainSocketAddress.of(path));
    return raw;
  }

  /** Reads until the daemon closes. */
  private static int readToTheEnd(SocketChannel raw) throws IOException {
    int bytes = 0;
    ByteBuffer buffer = ByteBuffer.allocate(1_000);
    for (int read = raw.read(buffer); read >= 0; read = raw.read(buffer.clear())) {
      bytes += read;
    }
    return bytes;
  }

  /** What the daemon's threads allocate for a call, once it was made a few times. */
  private static long bytesPerCall(Runnable call) {
    IntStream.range(0, CALLS).forEach(i -> call.run());
    long before = allocatedBytes();
    IntStream.range(0, CALLS).forEach(i -> call.run());
    return (allocatedBytes() - before) / CALLS;
  }

  private static long allocatedBytes() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("registry-"))
        .mapToLong(thread -> threads.getThreadAllocatedBytes(thread.getId()))
        .sum();
  }

  /** gRPC's buffers, which an interceptor that wants bytes makes it use, have 8 kB each. */
  @Test
  void calls_whenTheyAreSmall_areReadAndAnsweredWithoutLargeBuffers() {
    var unused = client.registry().register(register("edge.packet_id", 8));
    ResolveRequest resolve = ResolveRequest.newBuilder().addNames("edge.packet_id").build();
    GetHeaderRequest header = GetHeaderRequest.getDefaultInstance();

    assertThat(bytesPerCall(() -> client.registry().resolve(resolve)))
        .isLessThan(MOST_BYTES_OF_A_CALL);
    assertThat(bytesPerCall(() -> client.registry().getHeader(header)))
        .isLessThan(MOST_BYTES_OF_A_CALL);
  }

  @Test
  void close_whenAnotherHasTakenThePath_leavesWhatIsTheirs() throws Exception {
    Files.delete(path);
    Files.writeString(path, "another's");
    server.stopAccepting();
    server.close();
    assertThat(path).hasContent("another's");
  }

  @Test
  void start_whenListening_everybodyMayConnect() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-rw-rw-");
    assertThat((int) Files.getAttribute(path, "unix:mode") & 01000).isZero();
  }

  @Test
  void new_whenAnotherHasTheSocket_leavesNoThread() {
    long before = ourThreads();
    assertThatThrownBy(this::newServer).isInstanceOf(IOException.class);
    assertThat(ourThreads()).isEqualTo(before);
  }

  private static long ourThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("registry-accept"))
        .count();
  }

  @Test
  void start_whenItIsMarked_marksTheSocketAndAnybodyMayConnect() throws Exception {
    server.stopAccepting();
    server.close();
    server = newServer();
    server.start(SocketAccess.EVERYBODY, true);
    assertThat((int) Files.getAttribute(path, "unix:mode") & 07777).isEqualTo(01666);
  }

  @Test
  void health_whenTheStoreFailsAndHeals_followsForTheRegistryAlone() {
    assertThat(health("metakey.v1.Registry")).isEqualTo(ServingStatus.SERVING);
    store.disk(FakeStore.Disk.FULL);
    ErrorInfo info = refused(() -> client.registry().register(register("a", 8)));
    assertThat(info.getReason()).isEqualTo("STORE_FAILED");
    assertThat(health("metakey.v1.Registry")).isEqualTo(ServingStatus.NOT_SERVING);
    assertThat(health("")).isEqualTo(ServingStatus.SERVING);
    assertThat(
            client
                .registry()
                .getHeader(GetHeaderRequest.getDefaultInstance())
                .getRegistry()
                .getRevision())
        .isZero();
    assertThat(
            refused(() -> client.admin().listHistory(ListHistoryRequest.getDefaultInstance()))
                .getReason())
        .isEqualTo("STORE_FAILED");

    store.disk(FakeStore.Disk.WORKS);
    clock.advance(Duration.ofSeconds(1));
    while (health("metakey.v1.Registry") != ServingStatus.SERVING) {
      Thread.onSpinWait();
    }
    assertThat(client.registry().register(register("a", 8)).getResultsCount()).isEqualTo(1);
  }

  /** A lock that only one thread wants costs nothing, unless the JVM makes a monitor of it. */
  @Test
  void calls_whenNobodyWaitsForTheOther_makeNoMonitors() throws Exception {
    Path events = directory.resolve("events.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("jdk.JavaMonitorInflate").withThreshold(Duration.ZERO);
      recording.start();
      for (int i = 0; i < CALLS; i++) {
        client.registry().getHeader(GetHeaderRequest.getDefaultInstance());
      }
      recording.dump(events);
    }

    List<String> made =
        RecordingFile.readAllEvents(events).stream()
            .filter(event -> event.getThread("eventThread").getJavaName().startsWith("registry-"))
            .map(event -> event.getClass("monitorClass").getName())
            .toList();
    assertThat(made).as("classes whose locks got monitors").hasSizeLessThan(CALLS / 2);
  }

  @Test
  void anyCall_whenItMeetsADefect_isRefusedAsInternal() {
    ErrorInfo info =
        refused(() -> client.registry().getStatus(GetStatusRequest.getDefaultInstance()));
    assertThat(info.getReason()).isEqualTo("INTERNAL");
  }

  @Test
  void connection_whenNothingOrTooLittleIsSaid_isClosed() throws IOException {
    assertThat(client.registry().getHeader(GetHeaderRequest.getDefaultInstance()).hasRegistry())
        .isTrue();
    for (String said : new String[] {"", "PRI * HTTP/2.0\r\n\r\n"}) {
      try (SocketChannel raw = connect()) {
        raw.write(US_ASCII.encode(said));
        long startNs = System.nanoTime();
        assertThat(readToTheEnd(raw)).isLessThan(1_000);
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs))
            .isGreaterThanOrEqualTo(SILENCE_MS - 50);
      }
    }
    // a client that began in time may then be silent
    assertThat(client.managed().getState(false)).isEqualTo(ConnectivityState.READY);
  }

  @Test
  void connection_whenClosedAtOnce_leavesTheServerAlone() throws IOException {
    for (int i = 0; i < 200; i++) {
      connect().close();
    }
    assertThat(client.registry().register(register("a", 8)).getResultsCount()).isEqualTo(1);
  }

  @Test
  void close_whileSomebodyWatchesTheHealth_tellsItTheEnd() throws Exception {
    Iterator<HealthCheckResponse> watch =
        HealthGrpc.newBlockingStub(client.channel()).watch(HealthCheckRequest.getDefaultInstance());
    assertThat(watch.next().getStatus()).isEqualTo(ServingStatus.SERVING);

    server.stopAccepting();
    assertThat(watch.next().getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
    server.close();

    ErrorInfo info = refused(watch::hasNext);
    assertThat(info.getReason()).isEqualTo("UNAVAILABLE");
  }

  @Test
  void close_whileSomebodyIsConnectedAndSilent_doesNotWaitForIt() throws Exception {
    try (SocketChannel silent = connect()) {
      assertThat(client.registry().register(register("a", 8)).getResultsCount()).isEqualTo(1);
      stop();

      assertThat(server.endedByForce()).isZero();
      assertThat(path).doesNotExist();
      assertThat(readToTheEnd(silent)).isNotNegative();
    }
    start();
  }
}
