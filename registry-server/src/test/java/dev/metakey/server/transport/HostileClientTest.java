package dev.metakey.server.transport;

import static dev.metakey.server.transport.Client.refused;
import static dev.metakey.server.transport.Client.register;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.ErrorInfo;
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
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.ReleaseRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a hostile client sends on a real socket, in small numbers against small limits. An honest
 * client is served meanwhile.
 */
@Timeout(60)
class HostileClientTest {
  private static final String REFLECT = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  private static final String RESOLVE = "/metakey.v1.Registry/Resolve";
  private static final String LIST = "/metakey.v1.Registry/List";
  private static final String WATCH = "/metakey.v1.Registry/Watch";
  private static final int STREAMS = 16;
  private static final int CONNECTIONS = 8;
  private static final Limits LIMITS =
      Raw.limits(
          new Limits.Bound("connections", CONNECTIONS, 32, 2),
          new Limits.Connection(STREAMS, 2, 20_000, 10_000, 200, 500, 6_000));

  @TempDir private Path directory;
  private final List<Raw> opened = new ArrayList<>();
  private final FakePrograms programs = new FakePrograms();
  private volatile boolean admin;
  private Path path;
  private EngineThreads threads;
  private WatchHub hub;
  private SocketServer server;
  private Client honest;

  @BeforeEach
  void start() throws Exception {
    path = directory.resolve("m.sock");
    FakeClock clock = new FakeClock();
    Engine engine = Engines.begun(new FakeStore(), clock);
    KernelWatch kernel = new KernelWatch(engine, programs);
    hub = new WatchHub(engine::snapshot, engine::history, Limits.DEFAULTS.watches(), peer -> false);
    server =
        new SocketServer(
            path,
            engine,
            kernel,
            hub,
            () -> {
              throw new IllegalStateException();
            },
            () -> Launchers.DEFAULTS,
            new NoUpkeep(),
            () -> "",
            LIMITS,
            peer -> admin);
    threads = new EngineThreads(engine, () -> {}, Progress.UNWATCHED);
    engine.addListener(hub);
    threads.start();
    server.start(SocketAccess.EVERYBODY, false);
    honest = Client.of(path, "edge");
    admin = true; // whoever connects now may use the reserve
    served("first");
    admin = false;
  }

  @AfterEach
  void stop() throws Exception {
    for (Raw raw : opened) {
      raw.close();
    }
    honest.close();
    server.stopAccepting();
    threads.close();
    hub.close();
    server.close();
  }

  private Raw open(byte... settings) throws Exception {
    Raw raw = Raw.open(path, settings);
    opened.add(raw);
    return raw;
  }

  private void served(String name) {
    assertThat(honest.registry().register(register(name, 2)).getResultsCount()).isEqualTo(1);
  }

  @Test
  void connections_whenThereAreTooMany_areRefusedWithTheReason() throws Exception {
    for (int i = 0; i < CONNECTIONS - 1; i++) { // and the honest one is of the same uid
      Raw raw = open();
      raw.call(1, LIST);
      raw.message(1);
      assertThat(raw.await(Raw.Frame::ends)).isNotNull(); // it is counted, and has asked
    }

    Raw.Frame why = open().await(frame -> frame.kind() == Raw.GOAWAY);

    assertThat(why).isNotNull();
    assertThat(why.text()).contains("8 connections already, and one uid may have 8; close some");
    served("meanwhile");
  }

  @Test
  void connections_whenOneCloses_makeRoomForAnother() throws Exception {
    for (int i = 0; i < 100; i++) {
      try (Raw raw = Raw.open(path)) {
        Raw.Frame first = raw.await(frame -> true);
        assertThat(first).isNotNull();
      }
      served("meanwhile");
    }
    assertThat(descriptorsOfProcesses()).isZero();
  }

  /**
   * How many descriptors of processes this process has open: one for each peer that it is looking
   * at.
   */
  private static long descriptorsOfProcesses() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.filter(HostileClientTest::isOfAProcess).count();
    }
  }

  private static boolean isOfAProcess(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().contains("pidfd");
    } catch (IOException closed) {
      return false;
    }
  }

  @Test
  void connections_whenNothingIsAskedOnThem_makeRoomForOthers() throws Exception {
    List<Raw> silent = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS - 1; i++) {
      Raw raw = open();
      assertThat(raw.await(frame -> true)).isNotNull(); // it is counted now
      silent.add(raw);
    }

    Client another = Client.of(path, "edge");
    assertThat(another.registry().register(register("news", 2)).getResultsCount()).isEqualTo(1);

    assertThat(silent.get(0).await(frame -> frame.kind() == Raw.DATA)).isNull(); // closed
    Raw youngest = silent.get(CONNECTIONS - 2);
    youngest.call(1, LIST);
    youngest.message(1);
    assertThat(youngest.await(Raw.Frame::ends)).isNotNull();
    served("meanwhile");
    another.close();
  }

  @Test
  void connections_whenIdle_areClosed() throws Exception {
    Raw idle = open();

    assertThat(idle.await(frame -> frame.kind() == Raw.GOAWAY)).isNotNull();
    served("meanwhile");
  }

  @Test
  void streams_whenTheSettingsAreNeverAcknowledged_areBoundedAllTheSame() throws Exception {
    Raw raw = open();
    for (int i = 0; i < 4 * STREAMS; i++) {
      raw.call(2 * i + 1, RESOLVE);
    }

    int last = 2 * (4 * STREAMS) - 1;
    assertThat(raw.await(frame -> frame.ends() && frame.stream() == last)).isNotNull();
    served("meanwhile");
  }

  @Test
  void reflection_whenManyStreamsAreOpen_isBounded() throws Exception {
    Raw raw = open();
    for (int i = 0; i < 3; i++) {
      raw.call(2 * i + 1, REFLECT);
    }

    Raw.Frame ended = raw.await(Raw.Frame::ends);
    assertThat(ended).isNotNull();
    assertThat(ended.stream()).isEqualTo(5);
    served("meanwhile");
  }

  @Test
  void requests_whenTheyNeverBecomeWhole_areEnded() throws Exception {
    Raw raw = open();
    raw.call(1, RESOLVE);
    raw.send(Raw.DATA, 0, 1, new byte[] {0, 0, 0, 100, 0, 1, 2, 3});

    Raw.Frame ended = raw.await(Raw.Frame::ends);
    assertThat(ended).isNotNull();
    assertThat(ended.text()).contains("did not arrive whole");
  }

  @Test
  void releases_whenTheyAreRefusedAnyway_doNotLookAtTheKernel() {
    ReleaseRequest release = ReleaseRequest.newBuilder().setName("nobodys").build();

    assertThat(refused(() -> honest.registry().release(release)).getReason())
        .isEqualTo("NOT_FOUND");

    assertThat(programs.looks()).isZero();
    assertThat(honest.registry().release(release.toBuilder().setName("first").build()).hasField())
        .isTrue();
    assertThat(programs.looks()).isEqualTo(1);
  }

  @Test
  void requests_whenCompressed_areRefused() throws Exception {
    Raw raw = open();
    raw.call(1, RESOLVE, "grpc-encoding", "gzip");

    Raw.Frame ended = raw.await(Raw.Frame::ends);
    assertThat(ended).isNotNull();
    assertThat(ended.text()).contains("gzip");
  }

  @Test
  void requests_whenTheyHaveTooManyValues_areRefusedBeforeAnythingIsMadeOfThem() {
    RegisterRequest request =
        RegisterRequest.newBuilder()
            .addAllFields(Collections.nCopies(10_000, FieldSpec.getDefaultInstance()))
            .build();

    ErrorInfo info = refused(() -> honest.registry().register(request));

    assertThat(info.getReason()).isEqualTo("INVALID_REQUEST");
  }

  @Test
  void requests_whenTheyAreNoMessage_areRefusedAndOthersAreServed() throws Exception {
    Raw raw = open();
    raw.call(1, RESOLVE);
    raw.message(1, (byte) 0x0a, (byte) 0x7f, (byte) 1);
    raw.call(3, RESOLVE);
    raw.message(3, (byte) 0x0a, (byte) 2, (byte) 0xc3, (byte) 0x28); // not UTF-8

    assertThat(raw.await(Raw.Frame::ends).text()).contains("are not the message that");
    Raw.Frame second = raw.await(Raw.Frame::ends); // its headers refer to those of the first
    assertThat(second.kind()).isEqualTo(Raw.HEADERS);
    assertThat(second.stream()).isEqualTo(3);
    served("meanwhile");
  }

  @Test
  void answers_whenNobodyReadsThem_areBoundedAndTheConnectionIsClosed() throws Exception {
    for (int i = 0; i < 40; i++) {
      served("field_" + i);
    }
    int listBytes = honest.registry().list(ListRequest.getDefaultInstance()).getSerializedSize();
    int before = 20_000 / listBytes;
    Raw raw = open(Raw.zeroWindow());
    for (int i = 0; i < STREAMS; i++) {
      raw.call(2 * i + 1, LIST);
      raw.message(2 * i + 1);
    }

    // the first ones wait for the window, and further ones are refused
    Raw.Frame ended = raw.await(Raw.Frame::ends);
    assertThat(ended).isNotNull();
    assertThat(ended.stream()).isEqualTo(2 * before + 1);
    served("meanwhile");
    assertThat(raw.await(frame -> frame.kind() == Raw.DATA)).isNull(); // closed
  }

  @Test
  void watches_whenNobodyReadsThem_doNotKeepOthersFromBeingTold() throws Exception {
    Raw raw = open(Raw.zeroWindow());
    for (int i = 0; i < STREAMS; i++) {
      raw.call(2 * i + 1, WATCH);
      raw.message(2 * i + 1);
    }
    Raw reader = open();
    reader.call(1, WATCH);
    reader.message(1);
    assertThat(reader.await(frame -> frame.kind() == Raw.DATA)).isNotNull();

    served("news");

    assertThat(reader.await(frame -> frame.kind() == Raw.DATA && frame.text().contains("news")))
        .isNotNull();
    raw.close();
    reader.close();
    while (hub.size() > 0) {
      Thread.onSpinWait();
    }
  }
}
