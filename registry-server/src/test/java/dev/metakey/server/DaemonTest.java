package dev.metakey.server;

import static dev.metakey.server.transport.Client.await;
import static dev.metakey.server.transport.Client.info;
import static dev.metakey.server.transport.Client.register;
import static dev.metakey.server.transport.Client.resolve;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.ListenableFuture;
import dev.metakey.layout.RegistryFile;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.server.config.Config;
import dev.metakey.server.config.KeysDirectory;
import dev.metakey.server.config.Read;
import dev.metakey.server.domain.Loaded;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.engine.FakePrograms;
import dev.metakey.server.files.LockFile;
import dev.metakey.server.storage.RocksStore;
import dev.metakey.server.storage.StoreException;
import dev.metakey.server.transport.Client;
import dev.metakey.v1.Change;
import dev.metakey.v1.ChangeKind;
import dev.metakey.v1.Field;
import dev.metakey.v1.FieldState;
import dev.metakey.v1.FleetAdminGrpc;
import dev.metakey.v1.GetFleetRequest;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.GetStatusResponse;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.RegisterResponse;
import dev.metakey.v1.RegistryInfo;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ResolveResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A daemon's life: how it starts, restarts and stops, and what may be in its way. */
@Timeout(60)
class DaemonTest {
  @TempDir private Path directory;
  private final FakePrograms programs = new FakePrograms();
  private final List<Daemon> running = new ArrayList<>();
  private Path socket;
  private Config config;

  @BeforeEach
  void config() {
    socket = directory.resolve("m.sock");
    config = config("data", Layout.SLOTTED, 128);
  }

  private Config config(String data, Layout layout, int areaBytes) {
    return config(data, layout, areaBytes, 600_000);
  }

  private Config config(String data, Layout layout, int areaBytes, long quarantineMs) {
    return new Config(
        new Config.Paths(
            socket,
            directory.resolve(data),
            directory.resolve("run"),
            "none",
            directory.resolve("keys.d")),
        layout,
        areaBytes,
        quarantineMs,
        new Config.History(1000, 1),
        Config.Publish.ALL);
  }

  private Daemon start() throws Exception {
    return start(config, false);
  }

  private Daemon start(Config with, boolean nothingLoaded) throws Exception {
    return start(Read.sound(with), nothingLoaded);
  }

  private Daemon start(Read<Config> with, boolean nothingLoaded) throws Exception {
    Path keysDirectory = with.value().paths().keysDirectory();
    Daemon daemon =
        new Daemon(with, programs, KeysDirectory.read(keysDirectory), nothingLoaded, null);
    running.add(daemon);
    return daemon;
  }

  private void stop(Daemon daemon) throws Exception {
    running.remove(daemon);
    daemon.close();
  }

  @AfterEach
  void stopAll() throws Exception {
    for (Daemon daemon : List.copyOf(running)) {
      stop(daemon);
    }
  }

  private static RegistryState noNewDatabase() {
    throw new AssertionError("the database is gone");
  }

  private Client client() {
    return Client.of(socket, "edge");
  }

  private GetStatusResponse status() throws InterruptedException {
    try (Client client = client()) {
      return client.registry().getStatus(GetStatusRequest.getDefaultInstance());
    }
  }

  /** With pauses, as each look is a new connection, and a uid may open 512 of them in a second. */
  private static void lookUntil(Callable<Boolean> isSo) throws Exception {
    while (!isSo.call()) {
      Thread.sleep(10);
    }
  }

  private void keys(String file, String... entries) throws IOException {
    Files.createDirectories(directory.resolve("keys.d"));
    Files.writeString(
        directory.resolve("keys.d").resolve(file), "reserve:\n" + String.join("", entries));
  }

  private static String entry(String name, int id, int size) {
    return "  - {name: %s, id: %d, size: %d}\n".formatted(name, id, size);
  }

  private Map<String, FieldState> states() throws InterruptedException {
    Map<String, FieldState> states = new HashMap<>();
    try (Client client = client()) {
      for (Field field : client.registry().list(ListRequest.getDefaultInstance()).getFieldsList()) {
        if (field.getState() != FieldState.FIELD_STATE_WELL_KNOWN) {
          states.put(field.getSpec().getName(), field.getState());
        }
      }
    }
    return states;
  }

  @Test
  void start_whenStartedAgain_hasTheSameRegistryAndIds() throws Exception {
    RegistryInfo first;
    Daemon daemon = start();
    try (Client client = client()) {
      assertThat(client.registry().register(register("a", 8)).getResultsCount()).isEqualTo(1);
      first = client.registry().register(register("b", 2)).getRegistry();
    }
    stop(daemon);
    assertThat(socket).doesNotExist();

    Daemon again = start();
    try (Client client = client()) {
      ResolveResponse found = client.registry().resolve(resolve("a", "b"));
      assertThat(found.getRegistry()).isEqualTo(first);
      assertThat(found.getFieldsList()).extracting(Field::getId).containsExactly(0, 1);
    }
    stop(again);
  }

  @Test
  void stop_leavesThePublishedFilesWithTheLastState() throws Exception {
    Daemon daemon = start();
    try (Client client = client()) {
      for (int i = 0; i < 20; i++) {
        assertThat(client.registry().register(register("f" + i, 2)).getResultsCount()).isEqualTo(1);
      }
    }
    stop(daemon);

    Path run = directory.resolve("run");
    assertThat(run.resolve("keys")).content().contains("revision=20 ").contains("\n19\tf19 # ");
    assertThat(RegistryFile.read(run.resolve("registry.bin")).snapshot().info().revision())
        .isEqualTo(20);
  }

  @Test
  void start_whenAFileIsTurnedOff_removesTheOldOneAndPublishesTheOther() throws Exception {
    stop(start());
    Path run = directory.resolve("run");
    Config silent =
        new Config(
            config.paths(),
            config.layout(),
            config.areaBytes(),
            config.quarantineMs(),
            config.history(),
            new Config.Publish(false, true, true));

    stop(start(silent, false));

    assertThat(run.resolve("keys")).doesNotExist();
    assertThat(run.resolve("registry.bin")).exists();
  }

  @Test
  void stop_whenCallsAreInFlight_answersThemAndKeepsWhatItSaid() throws Exception {
    Daemon daemon = start();
    List<ListenableFuture<RegisterResponse>> calls = new ArrayList<>();
    List<ListenableFuture<ResolveResponse>> waits = new ArrayList<>();
    List<String> created = new ArrayList<>();
    try (Client client = client()) {
      assertThat(status().getRegistry().getRevision()).isZero();
      for (int i = 0; i < 20; i++) {
        waits.add(client.later().resolve(await(3_600_000, "nobody" + i)));
      }
      while (client.registry().getStatus(GetStatusRequest.getDefaultInstance()).getWaiting() < 20) {
        Thread.onSpinWait();
      }
      for (int i = 0; i < 40; i++) {
        calls.add(client.later().register(register("f" + i, 2)));
      }

      stop(daemon);

      for (int i = 0; i < 40; i++) {
        try {
          assertThat(calls.get(i).get(10, TimeUnit.SECONDS).getResultsCount()).isEqualTo(1);
          created.add("f" + i);
        } catch (ExecutionException e) {
          assertThat(e).hasMessageContaining("UNAVAILABLE");
        }
      }
      for (var wait : waits) {
        assertThatThrownBy(() -> wait.get(10, TimeUnit.SECONDS))
            .isInstanceOfSatisfying(
                ExecutionException.class,
                e -> assertThat(info(e.getCause()).getReason()).isEqualTo("UNAVAILABLE"));
      }
    }
    Daemon again = start();
    assertThat(states()).containsOnlyKeys(created.toArray(String[]::new));
    stop(again);
  }

  @Test
  void start_whenDataIsInUse_isRefusedAndLeavesTheFirstAlone() throws Exception {
    Daemon first = start();
    Path other = directory.resolve("other.sock");
    Config.Paths paths = config.paths();
    Config second =
        config.withPaths(
            new Config.Paths(
                other, paths.data(), directory.resolve("run2"), "none", paths.keysDirectory()));

    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> start(second, false))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("another metakeyd");
    }

    assertThat(other).doesNotExist();
    try (Client client = client()) {
      assertThat(client.registry().register(register("a", 8)).getResultsCount()).isEqualTo(1);
    }
    stop(first);
  }

  @Test
  void start_whenSocketIsInUse_isRefusedAndLeavesTheFirstAlone() throws Exception {
    Daemon first = start();
    Config second = config("data2", Layout.SLOTTED, 128);

    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> start(second, false))
          .isInstanceOf(LockFile.HeldException.class)
          .hasMessageContaining("pid " + ProcessHandle.current().pid());
    }

    assertThat(status().getPid()).isEqualTo((int) ProcessHandle.current().pid());
    stop(first);
    stop(start(second, false)); // the refused ones have given back whatever they held
  }

  @Test
  void start_whenDataIsAFile_isRefused() throws IOException {
    Files.writeString(directory.resolve("data"), "");

    assertThatThrownBy(this::start)
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("is not a directory");
    assertThat(socket).doesNotExist();
  }

  @Test
  void start_whenRunCannotBeMade_isRefusedAndCanBeTriedAgain() throws Exception {
    Files.writeString(directory.resolve("run"), "");
    assertThatThrownBy(this::start).isInstanceOf(IOException.class);

    Files.delete(directory.resolve("run"));
    stop(start());
  }

  @Test
  void start_whenAFileCannotBePublished_servesAndReportsIt() throws Exception {
    Files.createDirectories(directory.resolve("run/keys/not empty"));
    Daemon daemon = start();

    lookUntil(() -> status().getProblemsCount() > 0);

    assertThat(status().getProblems(0)).contains("run/keys cannot be published: ");
    assertThat(status().getPublications(1).getProblem()).isEmpty();
    stop(daemon);
  }

  private Config in(Layout layout, int areaBytes) {
    return new Config(
        config.paths(),
        layout,
        areaBytes,
        config.quarantineMs(),
        config.history(),
        config.publish());
  }

  @Test
  void start_whenALayoutDoesNotFit_saysSoBeforeTheRebootAndKeepsTheOldOneAfterIt()
      throws Exception {
    Config packed = in(Layout.PACKED, 128);
    Daemon daemon = start(packed, false);
    try (Client client = client()) {
      for (int i = 0; i < 40; i++) {
        var unused = client.registry().register(register("f" + i, 8));
      }
    }
    stop(daemon);

    daemon = start(in(Layout.SLOTTED, 128), false);
    assertThat(status().getProblemsList())
        .singleElement()
        .asString()
        .contains(
            "layout slotted with area 128, and that cannot be taken on: ", "keeps layout packed");
    stop(daemon);

    daemon = start(in(Layout.SLOTTED, 128), true);
    assertThat(status().getProblemsList())
        .singleElement()
        .asString()
        .contains("cannot be taken on");
    try (Client client = client()) {
      assertThat(client.registry().register(register("new", 8)).getRegistry().getLayout())
          .isEqualTo(dev.metakey.v1.Layout.LAYOUT_PACKED);
    }
    stop(daemon);
  }

  @Test
  void start_whenTheConfigIsWrong_isReadOnlyWithTheWayBack() throws Exception {
    Daemon daemon = start();
    try (Client client = client()) {
      var unused = client.registry().register(register("known", 8));
    }
    stop(daemon);

    daemon =
        start(new Read<>(config, List.of("metakeyd.yaml:3: area: 'x' is not a number")), false);
    assertThat(status().getProblemsList())
        .singleElement()
        .asString()
        .startsWith("read-only: metakeyd.yaml:3: area: 'x' is not a number; correct that");
    try (Client client = client()) {
      assertThat(client.registry().register(register("known", 8)).getResults(0).getField().getId())
          .isZero();
      assertThatThrownBy(() -> client.registry().register(register("new", 8)))
          .hasMessageContaining("metakeyd.yaml:3: area");
      var fleet = FleetAdminGrpc.newBlockingStub(client.channel());
      assertThatThrownBy(() -> fleet.getFleet(GetFleetRequest.getDefaultInstance()))
          .hasMessageContaining("takes part in no fleet")
          .hasMessageContaining("metakeyd.yaml:3: area");
    }
    stop(daemon);
    stop(start());
    try (RocksStore store = new RocksStore(config.paths().data(), DaemonTest::noNewDatabase)) {
      assertThat(store.open().snapshot().records()).hasSize(1);
    }
  }

  @Test
  void start_whenTheConfigIsWrongAndThereIsNoData_makesNone() throws Exception {
    Daemon daemon = start(new Read<>(config, List.of("metakeyd.yaml: permission denied")), false);

    assertThat(status().getProblems(0)).startsWith("read-only: metakeyd.yaml: permission denied");
    assertThat(states()).isEmpty();
    stop(daemon);
    assertThat(config.paths().data()).doesNotExist();
  }

  @Test
  void start_whenAReservationCannotBeRead_takesTheOthersOnAndDropsNone() throws Exception {
    keys("10.yaml", entry("a", 5, 8), entry("b", 6, 2));
    stop(start());

    keys("10.yaml", entry("a", 5, 3), entry("c", 7, 2));
    Daemon daemon = start();

    assertThat(states()).containsOnlyKeys("a", "b", "c");
    assertThat(status().getProblemsList())
        .singleElement()
        .asString()
        .startsWith(directory.resolve("keys.d/10.yaml") + ":2: size 3 of a");
    stop(daemon);
  }

  @Test
  void check_tellsWhatAStartWouldReport() throws Exception {
    Daemon daemon = start(in(Layout.PACKED, 128), false);
    try (Client client = client()) {
      for (int i = 0; i < 40; i++) {
        var unused = client.registry().register(register("f" + i, 8));
      }
    }
    keys("10.yaml", entry("mine", 3, 8), entry("Bad", 50, 2), entry("good", 51, 2));
    Config wanted = in(Layout.SLOTTED, 128);

    List<String> faults = // while the daemon runs
        new ConfigCheck(
                new Read<>(wanted, List.of("metakeyd.yaml:1: wrong")),
                KeysDirectory.read(wanted.paths().keysDirectory()))
            .faults();

    String file = directory.resolve("keys.d/10.yaml").toString();
    assertThat(faults)
        .satisfiesExactly(
            fault -> assertThat(fault).isEqualTo("metakeyd.yaml:1: wrong"),
            fault -> assertThat(fault).contains("cannot be taken on"),
            fault -> assertThat(fault).startsWith(file + ":3: "),
            fault -> assertThat(fault).startsWith(file + ":2: mine cannot have id 3"));
    stop(daemon);
  }

  @Test
  void start_whenKeysDirectoryReserves_reportsConflictsAndDropsWhatIsSaidNoMore() throws Exception {
    keys("10.yaml", entry("a", 5, 8), entry("b", 6, 2));
    keys("20.yaml", entry("c", 5, 2), entry("a", 5, 4));
    Daemon daemon = start();

    assertThat(states())
        .containsOnly(
            Map.entry("a", FieldState.FIELD_STATE_RESERVED),
            Map.entry("b", FieldState.FIELD_STATE_RESERVED));
    assertThat(status().getProblemsList())
        .hasSize(2)
        .satisfiesExactly(
            taken ->
                assertThat(taken)
                    .startsWith(directory.resolve("keys.d/20.yaml") + ":2: c cannot have id 5"),
            differs ->
                assertThat(differs)
                    .startsWith(
                        directory.resolve("keys.d/20.yaml")
                            + ":3: a is known with other attributes"));
    try (Client client = client()) {
      assertThat(client.registry().register(register("a", 8)).getResults(0).getField().getId())
          .isEqualTo(5);
    }
    stop(daemon);

    Files.delete(directory.resolve("keys.d/20.yaml"));
    keys("10.yaml", entry("d", 6, 4));
    Daemon again = start();
    assertThat(states())
        .containsOnly(
            Map.entry("a", FieldState.FIELD_STATE_ACTIVE),
            Map.entry("d", FieldState.FIELD_STATE_RESERVED));
    assertThat(status().getProblemsList()).isEmpty();
    stop(again);
  }

  @Test
  void start_whenLayoutChanged_waitsForARebootOrAnAdminsWord() throws Exception {
    Daemon daemon = start();
    try (Client client = client()) {
      assertThat(client.registry().register(register("a", 8)).getResultsCount()).isEqualTo(1);
    }
    stop(daemon);
    Config packed = config("data", Layout.PACKED, 64);

    Daemon waiting = start(packed, false);
    assertThat(status().getRegistry().getAreaBytes()).isEqualTo(128);
    assertThat(status().getProblems(0)).contains("waits for a reboot");
    stop(waiting);

    Daemon moved = start(packed, true);
    assertThat(status().getRegistry().getAreaBytes()).isEqualTo(64);
    assertThat(status().getProblemsList()).isEmpty();
    stop(moved);
  }

  @Test
  void start_whenTheHostWasRebooted_freesWhatWasRetired() throws Exception {
    Daemon daemon = start();
    try (Client client = client()) {
      assertThat(client.registry().register(register("a", 8)).getResultsCount()).isEqualTo(1);
      assertThat(client.registry().register(register("b", 8)).getResultsCount()).isEqualTo(1);
      ReleaseRequest release = ReleaseRequest.newBuilder().setName("a").build();
      assertThat(client.registry().release(release).hasField()).isTrue();
    }
    stop(daemon);
    Daemon sameBoot = start();
    assertThat(states()).containsOnlyKeys("a", "b");
    stop(sameBoot);

    try (RocksStore store = new RocksStore(config.paths().data(), DaemonTest::noNewDatabase)) {
      RegistryState stored = store.open();
      store.commit(new RegistryState(stored.snapshot(), "the boot before"), List.of());
    }
    Daemon nextBoot = start();
    assertThat(states()).containsOnlyKeys("b");
    stop(nextBoot);
  }

  @Test
  void start_whenThereIsNoDataButProgramsAreLoaded_adoptsWhatTheyAreLinkedTo() throws Exception {
    LoadedProgram program =
        Loaded.program(
            42,
            Loaded.use("edge.packet_id", 8, Loaded.place(Layout.SLOTTED, 64, 5, 40, 3)),
            Loaded.use("edge.none", 2, null));
    programs.load(program);

    Daemon daemon = start();

    assertThat(states()).containsOnly(Map.entry("edge.packet_id", FieldState.FIELD_STATE_ACTIVE));
    GetStatusResponse status = status();
    assertThat(status.getRegistry().getAreaBytes()).isEqualTo(64);
    assertThat(status.getProblemsList()).singleElement().asString().contains("waits for a reboot");
    assertThat(status.getLoadedPrograms()).isEqualTo(1);
    assertThat(status.getStalePrograms()).isZero();
    assertThat(RegistryFile.read(directory.resolve("run/registry.bin")).snapshot().byId(5).slot())
        .isEqualTo(40);
    stop(daemon);
    programs.load();
    Daemon again = start();
    try (Client client = client()) {
      Field field =
          client.registry().register(register("edge.packet_id", 8)).getResults(0).getField();
      assertThat(field.getId()).isEqualTo(5);
      assertThat(field.getGeneration()).isEqualTo(3);
      assertThat(field.getOwnersCount()).isEqualTo(1);
      assertThat(
              client.admin().listHistory(ListHistoryRequest.getDefaultInstance()).getChangesList())
          .extracting(Change::getKind)
          .containsExactly(ChangeKind.CHANGE_KIND_ADOPTED, ChangeKind.CHANGE_KIND_JOINED);
    }
    stop(again);
  }

  @Test
  void status_whenAProgramIsStale_namesItUntilItIsGone() throws Exception {
    programs.load(Loaded.program(42, Loaded.use("a", 8, Loaded.place(5, 40, 1))));
    Daemon daemon = start();
    assertThat(status().getProblemsList()).isEmpty();
    programs.load(Loaded.program(43, Loaded.use("a", 8, Loaded.place(6, 40, 1))));

    lookUntil(() -> status().getStalePrograms() > 0);

    assertThat(status().getProblemsList())
        .singleElement()
        .asString()
        .startsWith("program 43 (xdp prog43) disagrees with the registry");
    stop(daemon);
  }

  @Test
  void programs_whenNone_areNotLookedAtAndNothingIsFreedButByAWord() throws Exception {
    Config blind = config("data", Layout.SLOTTED, 128, 1).withPrograms(Config.Programs.NONE);
    Daemon daemon = start(blind, false);
    try (Client client = client()) {
      assertThat(client.registry().register(register("a", 8)).getResultsCount()).isEqualTo(1);
      ReleaseRequest release = ReleaseRequest.newBuilder().setName("a").build();
      assertThat(client.registry().release(release).hasField()).isTrue();
    }
    assertThat(status().getProgramsNotLookedAt()).isTrue();
    assertThat(status().getProblemsList()).isEmpty();
    stop(daemon);
    daemon = start(blind, false);
    assertThat(states()).containsOnlyKeys("a");
    stop(daemon);
    daemon = start(blind, true);
    assertThat(states()).isEmpty();
    assertThat(programs.looks()).isZero();
    stop(daemon);
  }

  @Test
  void quarantine_whenNothingCanBeSeen_goesOnUntilItCanAndStatusSaysSo() throws Exception {
    Daemon daemon = start(config("data", Layout.SLOTTED, 128, 1), false);
    programs.hide("needs CAP_BPF");
    try (Client client = client()) {
      assertThat(client.registry().register(register("a", 8)).getResultsCount()).isEqualTo(1);
      ReleaseRequest release = ReleaseRequest.newBuilder().setName("a").build();
      assertThat(client.registry().release(release).hasField()).isTrue();
    }
    lookUntil(() -> status().getProblemsCount() > 0);
    assertThat(status().getProgramsUnseen()).isEqualTo("needs CAP_BPF");
    assertThat(status().getProblems(0)).contains("1 released ids stay set aside", "needs CAP_BPF");
    assertThat(states()).containsOnlyKeys("a");

    programs.load();
    lookUntil(() -> states().isEmpty());
    assertThat(status().getProblemsList()).isEmpty();
    stop(daemon);
  }

  @Test
  void close_leavesNoThread() throws Exception {
    Daemon daemon = start();
    try (Client client = client()) {
      var unused = client.registry().register(register("a", 8));
      var history = client.admin().listHistory(ListHistoryRequest.getDefaultInstance());
      assertThat(history.getChangesCount()).isOne();
    }
    assertThat(ourThreads())
        .extracting(Thread::getName)
        .contains("registry-writer", "registry-timer", "registry-kernel");

    stop(daemon);

    for (Thread ending : ourThreads()) {
      ending.join(10_000); // it may be about to end
    }
    assertThat(ourThreads()).isEmpty();
  }

  private static List<Thread> ourThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.isAlive() && thread.getName().startsWith("registry-"))
        .toList();
  }
}
