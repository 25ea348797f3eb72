package dev.metakey.server.transport;

import static dev.metakey.server.transport.Client.await;
import static dev.metakey.server.transport.Client.refused;
import static dev.metakey.server.transport.Client.register;
import static dev.metakey.server.transport.Client.resolve;
import static dev.metakey.server.transport.Client.spec;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Durations;
import com.google.rpc.ErrorInfo;
import dev.metakey.model.Layout;
import dev.metakey.model.Owner;
import dev.metakey.model.Tag;
import dev.metakey.server.Daemon;
import dev.metakey.server.config.Config;
import dev.metakey.server.domain.Loaded;
import dev.metakey.server.engine.FakePrograms;
import dev.metakey.v1.Change;
import dev.metakey.v1.ChangeKind;
import dev.metakey.v1.Field;
import dev.metakey.v1.FieldState;
import dev.metakey.v1.FieldUse;
import dev.metakey.v1.Format;
import dev.metakey.v1.GetHeaderRequest;
import dev.metakey.v1.GetHeaderResponse;
import dev.metakey.v1.GetRequest;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.GetStatusResponse;
import dev.metakey.v1.GetTagRequest;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListHistoryResponse;
import dev.metakey.v1.ListOrphansRequest;
import dev.metakey.v1.ListOrphansResponse;
import dev.metakey.v1.ListPendingRequest;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.ListUsersRequest;
import dev.metakey.v1.ListUsersResponse;
import dev.metakey.v1.LoadedProgram;
import dev.metakey.v1.Orphan;
import dev.metakey.v1.Outcome;
import dev.metakey.v1.Pending;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegisterResponse;
import dev.metakey.v1.Registered;
import dev.metakey.v1.ReleaseAllRequest;
import dev.metakey.v1.ReleaseAllResponse;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ReserveRequest;
import dev.metakey.v1.ResolveResponse;
import dev.metakey.v1.TransferRequest;
import dev.metakey.v1.UndeleteRequest;
import dev.metakey.v1.UnreserveRequest;
import dev.metakey.v1.User;
import dev.metakey.wire.Replies;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every call, right and wrong, on a real socket of a real daemon. */
@Timeout(60)
class RegistryServiceTest {
  private static final long YEAR_MS = 365L * 86_400_000;

  @TempDir private Path directory;
  private final FakePrograms programs = new FakePrograms();
  private Path socket;
  private Daemon daemon;
  private Client client;

  @BeforeEach
  void start() throws Exception {
    socket = directory.resolve("m.sock");
    Config config =
        new Config(
            new Config.Paths(
                socket, directory.resolve("data"), directory, "none", directory.resolve("keys.d")),
            Layout.SLOTTED,
            128,
            600_000,
            new Config.History(1000, 1),
            Config.Publish.ALL);
    daemon = new Daemon(config, programs, List.of(), false);
    client = Client.of(socket, "edge");
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    daemon.close();
  }

  private Registered registered(String name, int size) {
    return client.registry().register(register(name, size)).getResults(0);
  }

  private static int ourUid() throws IOException {
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  }

  private static int ourPid() {
    return (int) ProcessHandle.current().pid();
  }

  /** The owner that a process should be taken for, whatever unit or container the tests run in. */
  private static Owner ownerOf(int pid, @Nullable String claimed) throws IOException {
    int uid = ourUid();
    return new PeerLook(() -> Launchers.DEFAULTS)
        .at(uid, uid, pid, () -> true)
        .peer(claimed)
        .owner();
  }

  @Test
  void register_whenNew_createsForTheKernelsPeer() throws IOException {
    RegisterResponse response =
        client
            .registry()
            .register(
                RegisterRequest.newBuilder()
                    .addFields(spec("edge.packet_id", 8).toBuilder().setFormat(Format.FORMAT_HEX))
                    .addFields(spec("edge.verdict", 4))
                    .build());

    assertThat(response.getRegistry().getRevision()).isEqualTo(2);
    assertThat(response.getRegistry().getAreaBytes()).isEqualTo(128);
    Registered first = response.getResults(0);
    assertThat(first.getOutcome()).isEqualTo(Outcome.OUTCOME_CREATED);
    assertThat(first.getField().getId()).isZero();
    assertThat(first.getField().getGeneration()).isEqualTo(1);
    assertThat(first.getField().getSlot()).isEqualTo(24);
    assertThat(first.getField().getSpec().getFormat()).isEqualTo(Format.FORMAT_HEX);
    assertThat(Replies.owner(first.getField().getOwners(0))).isEqualTo(ownerOf(ourPid(), "edge"));
    assertThat(registered("edge.verdict", 4).getOutcome()).isEqualTo(Outcome.OUTCOME_EXISTING);

    Change change =
        client.admin().listHistory(ListHistoryRequest.getDefaultInstance()).getChanges(0);
    assertThat(change.getKind()).isEqualTo(ChangeKind.CHANGE_KIND_CREATED);
    assertThat(change.getCommitRevision()).isEqualTo(2);
    assertThat(change.getPeer().getPid()).isEqualTo(ourPid());
    assertThat(change.getPeer().getUid()).isEqualTo(ourUid());
  }

  /** Registers one field from another process, which claims no service. */
  static final class OtherProcess {
    private OtherProcess() {}

    public static void main(String[] args) throws Exception {
      try (Client client = Client.of(Path.of(args[0]))) {
        var unused = client.registry().register(register("theirs", 2));
        System.out.println("registered");
        System.in.read();
      }
    }
  }

  @Test
  void register_whenAnotherProcessCalls_isRecordedWithItsPidAndExecutable() throws Exception {
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OtherProcess.class.getName(),
                socket.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertThat(other.inputReader(UTF_8).readLine()).isEqualTo("registered");
      Change change =
          client.admin().listHistory(ListHistoryRequest.getDefaultInstance()).getChanges(0);

      assertThat(change.getPeer().getPid()).isEqualTo((int) other.pid());
      assertThat(Replies.owner(change.getPeer().getOwner()))
          .isEqualTo(ownerOf((int) other.pid(), null));
      assertThat(change.getPeer().getPrivileged()).isEqualTo(ourUid() == 0);
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void anyCall_whenClaimedServiceIsBad_isRefused() throws InterruptedException {
    try (Client bad = Client.of(socket, "no spaces")) {
      ErrorInfo info = refused(() -> bad.registry().register(register("a", 8)));
      assertThat(info.getReason()).isEqualTo("INVALID_REQUEST");
      assertThat(info.getMetadataMap()).containsEntry("service", "no spaces");
      assertThat(refused(() -> bad.registry().getStatus(GetStatusRequest.getDefaultInstance())))
          .isEqualTo(info);
    }
  }

  @Test
  void register_whenSomebodyElseHasIt_isRefusedWithFacts()
      throws IOException, InterruptedException {
    registered("edge.packet_id", 8);

    ErrorInfo size = refused(() -> registered("edge.packet_id", 4));
    assertThat(size.getReason()).isEqualTo("MISMATCH");
    assertThat(size.getMetadataMap())
        .containsEntry("name", "edge.packet_id")
        .containsEntry("id", "0")
        .containsKey("difference");

    try (Client other = Client.of(socket, "other")) {
      boolean unitIsKnown = ownerOf(ourPid(), "x").equals(ownerOf(ourPid(), "y"));
      if (!unitIsKnown) {
        ErrorInfo owner = refused(() -> other.registry().register(register("edge.packet_id", 8)));
        assertThat(owner.getReason()).isEqualTo("OWNED_BY_OTHER");
        assertThat(owner.getMetadataOrThrow("owner")).startsWith("edge (uid ");
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "``, 8, INVALID_NAME",
        "abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_abcdefghij, 8, INVALID_NAME",
        "Edge, 8, INVALID_NAME",
        "a b, 8, INVALID_NAME",
        "` a`, 8, INVALID_NAME",
        "a\u0000b, 8, INVALID_NAME",
        "pakét, 8, INVALID_NAME",
        "9a, 8, INVALID_NAME",
        ".a, 8, INVALID_NAME",
        "a., 8, INVALID_NAME",
        "kernel.x, 8, INVALID_NAME",
        "a, 0, INVALID_SIZE",
        "a, 1, INVALID_SIZE",
        "a, 3, INVALID_SIZE",
        "a, 16, INVALID_SIZE",
        "a, -1, INVALID_SIZE"
      })
  void register_whenNameOrSizeIsBad_isRefusedAndChangesNothing(
      String name, int size, String reason) {
    RegisterRequest request =
        RegisterRequest.newBuilder().addFields(spec("fine", 2)).addFields(spec(name, size)).build();

    assertThat(refused(() -> client.registry().register(request)).getReason()).isEqualTo(reason);
    assertThat(header().getRegistry().getRevision()).isZero();
  }

  @Test
  void register_whenRequestIsBad_isRefused() {
    RegisterRequest.Builder many = RegisterRequest.newBuilder();
    IntStream.range(0, 65).forEach(i -> many.addFields(spec("f" + i, 2)));
    RegisterRequest twice = register("a", 2).toBuilder().addFields(spec("a", 2)).build();
    RegisterRequest contradiction = register("a", 2).toBuilder().addFields(spec("a", 4)).build();
    RegisterRequest ttl =
        RegisterRequest.newBuilder()
            .addFields(spec("a", 2).toBuilder().setTtl(Duration.getDefaultInstance()))
            .build();
    RegisterRequest badTtl =
        RegisterRequest.newBuilder()
            .addFields(
                spec("a", 2).toBuilder().setTtl(Duration.newBuilder().setSeconds(1).setNanos(-1)))
            .build();
    RegisterRequest newer =
        RegisterRequest.newBuilder().addFields(spec("a", 2).toBuilder().setFormatValue(77)).build();

    assertThat(refused(() -> client.registry().register(many.build())).getReason())
        .isEqualTo("INVALID_REQUEST");
    assertThat(
            refused(() -> client.registry().register(RegisterRequest.getDefaultInstance()))
                .getReason())
        .isEqualTo("INVALID_REQUEST");
    for (RegisterRequest bad : List.of(twice, contradiction, newer)) {
      assertThat(refused(() -> client.registry().register(bad)).getReason())
          .isEqualTo("INVALID_REQUEST");
    }
    for (RegisterRequest bad : List.of(ttl, badTtl)) {
      assertThat(refused(() -> client.registry().register(bad)).getReason())
          .isEqualTo("INVALID_ATTRIBUTE");
    }
    assertThat(header().getRegistry().getRevision()).isZero();
  }

  @Test
  void register_whenNoIdIsLeft_namesTheHolders() throws Exception {
    client.close();
    daemon.close();
    Config packed =
        new Config(
            new Config.Paths(
                socket,
                directory.resolve("packed"),
                directory.resolve("packed-run"),
                "none",
                directory.resolve("k")),
            Layout.PACKED,
            128,
            600_000,
            new Config.History(1000, 1),
            Config.Publish.ALL);
    daemon = new Daemon(packed, programs, List.of(), false);
    client = Client.of(socket, "edge");
    RegisterRequest.Builder all = RegisterRequest.newBuilder();
    IntStream.range(0, 64).forEach(i -> all.addFields(spec("f" + i, 2)));
    assertThat(client.registry().register(all.build()).getResultsCount()).isEqualTo(64);

    ErrorInfo info = refused(() -> registered("one.more", 2));

    assertThat(info.getReason()).isEqualTo("NO_FREE_ID");
    assertThat(info.getMetadataMap()).containsEntry("limit", "64").containsEntry("used", "64");
    assertThat(info.getMetadataOrThrow("holders"))
        .isEqualTo("%s: 64".formatted(ownerOf(ourPid(), "edge")));
  }

  @Test
  void resolve_whenThereOrNot_answersOrRefusesWithSimilarNames() {
    registered("edge.packet_id", 8);

    ResolveResponse found = client.registry().resolve(resolve("kernel.rx_hash", "edge.packet_id"));
    assertThat(found.getFieldsList()).extracting(Field::getId).containsExactly(65, 0);
    assertThat(found.getFields(0).getState()).isEqualTo(FieldState.FIELD_STATE_WELL_KNOWN);

    ErrorInfo unknown =
        refused(() -> client.registry().resolve(resolve("edge.paket_id", "edge.packet_id")));
    assertThat(unknown.getReason()).isEqualTo("NOT_FOUND");
    assertThat(unknown.getMetadataMap())
        .containsEntry("missing", "edge.paket_id")
        .containsEntry("similar", "edge.packet_id");
    assertThat(refused(() -> client.registry().resolve(resolve())).getReason())
        .isEqualTo("INVALID_REQUEST");
    String[] many = IntStream.range(0, 65).mapToObj(i -> "f" + i).toArray(String[]::new);
    assertThat(refused(() -> client.registry().resolve(resolve(many))).getReason())
        .isEqualTo("INVALID_REQUEST");
    assertThat(refused(() -> client.registry().resolve(resolve("No"))).getReason())
        .isEqualTo("INVALID_NAME");
  }

  @Test
  void resolve_whenWaitIsBad_isRefusedAlsoWhereTheNameIsThere() {
    for (long waitMs : new long[] {0, -1, YEAR_MS, 86_400_001}) {
      for (String name : List.of("a", "kernel.rx_hash")) {
        ErrorInfo info = refused(() -> client.registry().resolve(await(waitMs, name)));
        assertThat(info.getReason()).isEqualTo("INVALID_REQUEST");
        assertThat(info.getMetadataMap()).containsEntry("wait_ms", Long.toString(waitMs));
      }
    }
    var nanos = resolve("a").toBuilder().setWait(Duration.newBuilder().setNanos(999_999)).build();
    assertThat(refused(() -> client.registry().resolve(nanos)).getReason())
        .isEqualTo("INVALID_REQUEST");
    var mixed =
        resolve("a").toBuilder().setWait(Duration.newBuilder().setSeconds(1).setNanos(-1)).build();
    assertThat(refused(() -> client.registry().resolve(mixed)).getReason())
        .isEqualTo("INVALID_REQUEST");
    assertThat(status().getWaiting()).isZero();
  }

  @Test
  void resolve_whenWaitingInVain_isRefusedWhenTheTimeHasCome() {
    ErrorInfo info = refused(() -> client.registry().resolve(await(1, "a")));

    assertThat(info.getReason()).isEqualTo("DEADLINE_EXCEEDED");
    assertThat(info.getMetadataMap()).containsEntry("missing", "a");
    assertThat(client.registry().resolve(await(86_400_000, "kernel.rx_hash")).getFieldsCount())
        .isEqualTo(1);
  }

  /** An admin's waits leave room for those that one more uid may have. */
  private static final int MOST_OF_AN_ADMIN = 4_096 - 1_024;

  @Test
  void resolve_whenMoreWaitThanMay_keepsAsManyAsAnAdminMayHaveRefusesTheRestAndAnswersAllAtOnce()
      throws Exception {
    List<ListenableFuture<ResolveResponse>> calls = new ArrayList<>();
    List<Client> clients = new ArrayList<>();
    int all = 40 * 110;
    for (int i = 0; i < 40; i++) {
      clients.add(Client.of(socket, "waiter"));
      for (int j = 0; j < 110; j++) {
        calls.add(clients.get(i).later().resolve(await(3_600_000, "edge.packet_id")));
      }
      clients.get(i).later().list(ListRequest.getDefaultInstance()).get(); // they have arrived
    }
    while (calls.stream().filter(ListenableFuture::isDone).count() < all - MOST_OF_AN_ADMIN) {
      Thread.onSpinWait();
    }
    assertThat(status().getWaiting()).isEqualTo(MOST_OF_AN_ADMIN);
    assertThat(status().getQueued()).isZero();
    registered("edge.packet_id", 8);

    int answered = 0;
    for (ListenableFuture<ResolveResponse> call : calls) {
      try {
        assertThat(call.get(30, TimeUnit.SECONDS).getFields(0).getId()).isZero();
        answered++;
      } catch (ExecutionException e) {
        ErrorInfo info = Client.info(e.getCause());
        assertThat(info.getReason()).isEqualTo("TOO_MANY_WAITERS");
        assertThat(info.getMetadataMap()).containsEntry("limit", "3072");
      }
    }
    assertThat(answered).isEqualTo(MOST_OF_AN_ADMIN);
    assertThat(status().getWaiting()).isZero();
    for (Client waiter : clients) {
      waiter.close();
    }
  }

  @Test
  void resolve_whenTheCallerGivesUp_isForgotten() throws InterruptedException {
    ListenableFuture<ResolveResponse> call = client.later().resolve(await(3_600_000, "a", "b"));
    ListenableFuture<ResolveResponse> hurried =
        client
            .later()
            .withDeadlineAfter(50, TimeUnit.MILLISECONDS)
            .resolve(await(3_600_000, "a", "b"));
    ListenableFuture<ResolveResponse> patient = client.later().resolve(await(3_600_000, "c"));
    while (pending().size() < 2) {
      Thread.onSpinWait();
    }
    Pending waiting = pending().stream().filter(p -> p.getNamesCount() == 2).findFirst().get();
    assertThat(waiting.getMissingList()).containsExactly("a", "b");
    assertThat(waiting.getPeer().getPid()).isEqualTo(ourPid());

    assertThat(call.cancel(true)).isTrue();
    while (pending().size() > 1) {
      Thread.onSpinWait();
    }

    assertThatThrownBy(hurried::get)
        .hasCauseInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("DEADLINE_EXCEEDED");
    assertThat(patient.isDone()).isFalse();
    assertThat(pending().get(0).getNamesList()).containsExactly("c");
  }

  @Test
  void resolve_whenTheConnectionBreaks_isForgotten() throws InterruptedException {
    try (Client gone = Client.of(socket)) {
      ListenableFuture<ResolveResponse> call = gone.later().resolve(await(3_600_000, "a"));
      while (pending().isEmpty()) {
        Thread.onSpinWait();
      }
      assertThat(call.isDone()).isFalse();
    }
    while (!pending().isEmpty()) {
      Thread.onSpinWait();
    }
  }

  private List<Pending> pending() {
    return client.admin().listPending(ListPendingRequest.getDefaultInstance()).getPendingList();
  }

  private GetStatusResponse status() {
    return client.registry().getStatus(GetStatusRequest.getDefaultInstance());
  }

  private GetHeaderResponse header() {
    return client.registry().getHeader(GetHeaderRequest.getDefaultInstance());
  }

  private static ReleaseRequest.Builder release(String name) {
    return ReleaseRequest.newBuilder().setName(name);
  }

  @Test
  void release_whenRightAndWrong_retiresOrIsRefused() {
    registered("a", 8);

    ErrorInfo wrong =
        refused(() -> client.registry().release(release("a").setGeneration(7).build()));
    assertThat(wrong.getReason()).isEqualTo("WRONG_GENERATION");
    assertThat(wrong.getMetadataMap()).containsEntry("generation", "1");
    assertThat(
            refused(() -> client.registry().release(release("a").setGeneration(0).build()))
                .getReason())
        .isEqualTo("INVALID_REQUEST");
    assertThat(
            refused(() -> client.registry().release(release("a").setGeneration(-1).build()))
                .getReason())
        .isIn("INVALID_REQUEST", "WRONG_GENERATION");

    Field retired = client.registry().release(release("a").setGeneration(1).build()).getField();
    assertThat(retired.getState()).isEqualTo(FieldState.FIELD_STATE_RETIRED);
    assertThat(refused(() -> client.registry().release(release("a").build())).getReason())
        .isEqualTo("NOT_FOUND");
    assertThat(refused(() -> client.registry().release(release("b").build())).getReason())
        .isEqualTo("NOT_FOUND");
    assertThat(refused(() -> client.registry().release(release("kernel.x").build())).getReason())
        .isEqualTo("INVALID_NAME");
  }

  @Test
  void list_filtersByPrefixAndState() {
    registered("edge.a", 2);
    registered("edge.b", 2);
    registered("other", 2);
    var unused = client.registry().release(release("edge.b").build());

    assertThat(names(ListRequest.getDefaultInstance()))
        .containsExactly(
            "edge.a",
            "edge.b",
            "other",
            "kernel.rx_timestamp",
            "kernel.rx_hash",
            "kernel.rx_vlan_tag");
    assertThat(names(ListRequest.newBuilder().setPrefix("edge.").build()))
        .containsExactly("edge.a", "edge.b");
    assertThat(
            names(
                ListRequest.newBuilder()
                    .setPrefix("edge.")
                    .addStates(FieldState.FIELD_STATE_RETIRED)
                    .build()))
        .containsExactly("edge.b");
    ListRequest bad = ListRequest.newBuilder().addStatesValue(99).build();
    assertThat(refused(() -> names(bad)).getReason()).isEqualTo("INVALID_REQUEST");
  }

  private List<String> names(ListRequest request) {
    return client.registry().list(request).getFieldsList().stream()
        .map(field -> field.getSpec().getName())
        .toList();
  }

  private Field get(GetRequest.Builder request) {
    return client.registry().get(request.build()).getField();
  }

  @Test
  void get_byNameOrId_showsWhatIsKnown() {
    registered("a", 8);

    assertThat(get(GetRequest.newBuilder().setName("a")).getId()).isZero();
    assertThat(get(GetRequest.newBuilder().setId(0)).getSpec().getName()).isEqualTo("a");
    assertThat(get(GetRequest.newBuilder().setId(66)).getSpec().getName())
        .isEqualTo("kernel.rx_vlan_tag");
    assertThat(refused(() -> get(GetRequest.newBuilder().setName("b"))).getReason())
        .isEqualTo("NOT_FOUND");
    for (int id : new int[] {1, 63, 67, -1}) {
      ErrorInfo info = refused(() -> get(GetRequest.newBuilder().setId(id)));
      assertThat(info.getReason()).isEqualTo("NOT_FOUND");
      assertThat(info.getMetadataMap()).containsEntry("id", Integer.toUnsignedString(id));
    }
    assertThat(refused(() -> get(GetRequest.newBuilder().setName("A"))).getReason())
        .isEqualTo("INVALID_NAME");
    assertThat(refused(() -> get(GetRequest.newBuilder())).getReason())
        .isEqualTo("INVALID_REQUEST");
  }

  @Test
  void getHeader_hasTwoBitsForEachField() {
    registered("two", 2);
    registered("four", 4);
    registered("eight", 8);

    assertThat(header().getLow()).isEqualTo(0b101);
    assertThat(header().getHigh()).isEqualTo(0b110);
  }

  @Test
  void getStatus_tellsHowTheDaemonIs() {
    registered("a", 8);
    registered("b", 2);
    var unused = client.registry().release(release("b").build());
    while (status().getPublicationsList().stream().anyMatch(p -> p.getRevision() != 3)) {
      Thread.onSpinWait();
    }

    GetStatusResponse status = status();

    assertThat(status.getPid()).isEqualTo(ourPid());
    assertThat(status.getSocket()).isEqualTo(socket.toString());
    assertThat(status.getActiveIds()).isEqualTo(1);
    assertThat(status.getRetiredIds()).isEqualTo(1);
    assertThat(status.getSlotBytesUsed()).isEqualTo(10);
    assertThat(status.getSlotBytesLimit()).isEqualTo(112);
    assertThat(status.getProblemsList()).isEmpty();
    assertThat(status.getPublicationsList())
        .extracting(p -> p.getName())
        .containsExactly("keys", "registry.bin", "tag");
  }

  @Test
  void admin_reservesUnreservesAndUndeletes() throws IOException {
    ReserveRequest reserve =
        ReserveRequest.newBuilder().setSpec(spec("r", 4)).setId(9).setForeign(true).build();
    Field reserved = client.admin().reserve(reserve).getField();
    assertThat(reserved.getState()).isEqualTo(FieldState.FIELD_STATE_RESERVED);
    assertThat(reserved.getReservation().getForeign()).isTrue();
    assertThat(reserved.getReservation().getBy()).isEqualTo(ownerOf(ourPid(), "edge").toString());
    assertThat(client.registry().resolve(resolve("r")).getFields(0).getId()).isEqualTo(9);
    assertThat(
            refused(() -> client.admin().reserve(reserve.toBuilder().setId(64).build()))
                .getReason())
        .isEqualTo("INVALID_REQUEST");
    assertThat(
            refused(() -> client.admin().reserve(reserve.toBuilder().setSpec(spec("s", 4)).build()))
                .getReason())
        .isEqualTo("ID_TAKEN");

    UnreserveRequest unreserve = UnreserveRequest.newBuilder().setName("r").build();
    assertThat(client.admin().unreserve(unreserve).getField().getState())
        .isEqualTo(FieldState.FIELD_STATE_RETIRED);
    assertThat(refused(() -> client.admin().unreserve(unreserve)).getReason())
        .isEqualTo("NOT_FOUND");

    registered("a", 8);
    var unused = client.registry().release(release("a").build());
    UndeleteRequest undelete = UndeleteRequest.newBuilder().setName("a").build();
    assertThat(client.admin().undelete(undelete).getField().getState())
        .isEqualTo(FieldState.FIELD_STATE_ACTIVE);
    assertThat(refused(() -> client.admin().undelete(undelete)).getReason()).isEqualTo("NOT_FOUND");
  }

  @Test
  void transfer_whenAnAdminHandsAFieldOver_isInTheHistory() throws IOException {
    registered("a", 8);
    TransferRequest request =
        TransferRequest.newBuilder()
            .setName("a")
            .setTo(dev.metakey.v1.Owner.newBuilder().setUnit("edge-xdp.service"))
            .build();

    assertThat(client.admin().transfer(request).getField().getOwnersList())
        .containsExactly(request.getTo());

    long revision = client.admin().transfer(request).getRegistry().getRevision();
    assertThat(history(ListHistoryRequest.newBuilder()).getChangesList())
        .extracting(Change::getKind)
        .containsExactly(ChangeKind.CHANGE_KIND_CREATED, ChangeKind.CHANGE_KIND_TRANSFERRED);
    assertThat(revision).isEqualTo(2);
  }

  @Test
  void releaseAll_whenNow_looksAtTheKernelAndFreesWhatIsNotLinked() throws IOException {
    registered("a", 8);
    registered("b", 8);
    programs.load(Loaded.program(42, Loaded.use("a", 8, Loaded.place(0, 24, 1))));
    Field b = client.registry().resolve(resolve("b")).getFields(0);
    ReleaseAllRequest request =
        ReleaseAllRequest.newBuilder().setWhose(b.getOwners(0)).setNow(true).build();

    ReleaseAllResponse response = client.admin().releaseAll(request);

    assertThat(response.getReleasedList())
        .extracting(f -> f.getSpec().getName())
        .containsExactly("b");
    assertThat(response.getReleased(0).getState()).isEqualTo(FieldState.FIELD_STATE_FREE);
    assertThat(response.getInUseList()).extracting(f -> f.getSpec().getName()).containsExactly("a");
    assertThat(
            refused(() -> client.registry().release(release("a").setNow(true).build())).getReason())
        .isEqualTo("IN_USE");

    programs.load();
    assertThat(client.registry().release(release("a").setNow(true).build()).getField().getState())
        .isEqualTo(FieldState.FIELD_STATE_FREE);
    assertThat(refused(() -> client.admin().releaseAll(request)).getReason())
        .isEqualTo("NOT_FOUND");
    assertThat(
            refused(() -> client.admin().releaseAll(ReleaseAllRequest.getDefaultInstance()))
                .getReason())
        .isEqualTo("INVALID_REQUEST");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "unit", "unit:nginx", "unit:a/b.service", "claim:nginx.service"})
  void transfer_whenTheOwnerCannotBe_isRefused(String to) {
    registered("a", 8);
    var owner = dev.metakey.v1.Owner.newBuilder();
    if (to.startsWith("unit")) {
      owner.setUnit(to.substring(to.indexOf(':') + 1).replace("unit", ""));
    } else if (to.startsWith("claim:")) {
      owner.setUser(User.newBuilder().setUid(0).setClaim(to.substring(6)));
    }
    TransferRequest request = TransferRequest.newBuilder().setName("a").setTo(owner).build();

    assertThat(refused(() -> client.admin().transfer(request)).getReason())
        .isEqualTo("INVALID_REQUEST");
  }

  @Test
  void release_whenAProgramIsLinked_isRefusedUntilItIsGoneOrAnAdminForcesIt() {
    registered("a", 8);
    registered("b", 8);
    programs.load(
        Loaded.program(42, Loaded.use("a", 8, Loaded.place(0, 24, 1)), Loaded.use("b", 8, null)));

    ErrorInfo info = refused(() -> client.registry().release(release("a").build()));
    assertThat(info.getReason()).isEqualTo("IN_USE");
    assertThat(info.getMetadataMap())
        .containsEntry("programs", "42")
        .containsEntry("id", "0")
        .containsEntry("name", "a");

    assertThat(client.registry().release(release("b").build()).getField().getState())
        .isEqualTo(FieldState.FIELD_STATE_RETIRED);
    assertThat(client.registry().release(release("a").setForce(true).build()).getField().getState())
        .isEqualTo(FieldState.FIELD_STATE_RETIRED);
    assertThat(history(ListHistoryRequest.newBuilder()).getChangesList())
        .extracting(Change::getKind)
        .containsExactly(
            ChangeKind.CHANGE_KIND_CREATED,
            ChangeKind.CHANGE_KIND_CREATED,
            ChangeKind.CHANGE_KIND_RELEASED,
            ChangeKind.CHANGE_KIND_FORCED);

    registered("a", 8);
    programs.load(); // the release sees that at once
    assertThat(client.registry().release(release("a").build()).hasField()).isTrue();
  }

  @Test
  void listUsers_tellsWhatIsLoadedNow() {
    registered("a", 8);
    Tag tag =
        Tag.of(client.registry().getTag(GetTagRequest.getDefaultInstance()).getTag().toByteArray());
    programs.load(
        Loaded.program(
            42,
            Loaded.use("a", 8, Loaded.place(tag, 0, 24, 1)),
            Loaded.use("a", 8, Loaded.place(tag, 3, 24, 1)),
            Loaded.use("a", 8, Loaded.place(0, 24, 1)),
            Loaded.use("b", 2, null)));

    ListUsersResponse response = client.admin().listUsers(ListUsersRequest.getDefaultInstance());

    assertThat(response.getRegistry().getRevision()).isEqualTo(1);
    LoadedProgram program = response.getPrograms(0);
    assertThat(program.getId()).isEqualTo(42);
    assertThat(program.getName()).isEqualTo("prog42");
    assertThat(program.getPidsList()).containsExactly(FakePrograms.PID);
    assertThat(program.getUsesList())
        .extracting(FieldUse::getStaleBecause)
        .containsExactly("", "id 3, here 0", "another tag than here", "");
    assertThat(program.getUses(0).getPlace().getSlot()).isEqualTo(24);
    assertThat(program.getUses(3).hasPlace()).isFalse();

    programs.hide("needs CAP_BPF");
    ErrorInfo info = refused(() -> client.admin().listUsers(ListUsersRequest.getDefaultInstance()));
    assertThat(info.getReason()).isEqualTo("UNAVAILABLE");
  }

  @Test
  void listOrphans_listsWhatNobodyIsLinkedToAndNobodyUses() {
    registered("a", 8);
    ListOrphansRequest.Builder now = ListOrphansRequest.newBuilder();
    now.setUnusedFor(Durations.fromMillis(0));

    Orphan orphan = client.registry().listOrphans(now.build()).getOrphans(0);
    assertThat(orphan.getField().getSpec().getName()).isEqualTo("a");
    assertThat(orphan.hasLastUsed()).isTrue();
    assertThat(client.registry().listOrphans(ListOrphansRequest.getDefaultInstance()))
        .extracting(ListOrphansResponse::getOrphansCount)
        .isEqualTo(0);

    now.setUnusedFor(Durations.fromDays(367));
    assertThat(refused(() -> client.registry().listOrphans(now.build())).getReason())
        .isEqualTo("INVALID_REQUEST");
  }

  private ListHistoryResponse history(ListHistoryRequest.Builder request) {
    return client.admin().listHistory(request.build());
  }

  @Test
  void listHistory_givesPagesThatFollowEachOther() {
    for (int i = 0; i < 10; i++) {
      registered("f" + i, 2);
    }

    List<Long> revisions = new ArrayList<>();
    long since = 0;
    int pages = 0;
    do {
      ListHistoryResponse page =
          history(ListHistoryRequest.newBuilder().setSinceRevision(since).setLimit(4));
      page.getChangesList().forEach(change -> revisions.add(change.getRevision()));
      since = page.getNextSinceRevision();
      pages++;
    } while (since != 0);

    assertThat(pages).isEqualTo(3);
    assertThat(revisions).isEqualTo(IntStream.rangeClosed(1, 10).mapToObj(i -> (long) i).toList());
    assertThat(history(ListHistoryRequest.newBuilder().setName("f3")).getChangesList())
        .extracting(Change::getRevision)
        .containsExactly(4L);
    assertThat(history(ListHistoryRequest.newBuilder().setSinceRevision(99)).getChangesCount())
        .isZero();
    assertThat(refused(() -> history(ListHistoryRequest.newBuilder().setLimit(1001))).getReason())
        .isEqualTo("INVALID_REQUEST");
    assertThat(refused(() -> history(ListHistoryRequest.newBuilder().setLimit(-1))).getReason())
        .isEqualTo("INVALID_REQUEST");
    assertThat(
            refused(() -> history(ListHistoryRequest.newBuilder().setSinceRevision(-1)))
                .getReason())
        .isEqualTo("INVALID_REQUEST");
    for (long seconds : new long[] {Long.MIN_VALUE, 253_402_300_800L, Long.MAX_VALUE}) {
      Timestamp never = Timestamp.newBuilder().setSeconds(seconds).build();
      assertThat(refused(() -> history(ListHistoryRequest.newBuilder().setFrom(never))).getReason())
          .isEqualTo("INVALID_REQUEST");
    }
    assertThat(refused(() -> history(ListHistoryRequest.newBuilder().setName("F"))).getReason())
        .isEqualTo("INVALID_NAME");
  }

  @Test
  void health_whenAllIsWell_isServing() {
    var health = HealthGrpc.newBlockingStub(client.channel());
    for (String service : List.of("", "metakey.v1.Registry")) {
      HealthCheckRequest request = HealthCheckRequest.newBuilder().setService(service).build();
      assertThat(health.check(request).getStatus()).isEqualTo(ServingStatus.SERVING);
    }
  }

  @Test
  void reflection_listsTheServices() throws InterruptedException {
    BlockingQueue<ServerReflectionResponse> answers = new LinkedBlockingQueue<>();
    StreamObserver<ServerReflectionRequest> asking =
        ServerReflectionGrpc.newStub(client.channel())
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse answer) {
                    answers.add(answer);
                  }

                  @Override
                  public void onError(Throwable failure) {}

                  @Override
                  public void onCompleted() {}
                });
    asking.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());

    ServerReflectionResponse answer = answers.poll(10, TimeUnit.SECONDS);
    asking.onCompleted();

    assertThat(answer.getListServicesResponse().getServiceList())
        .extracting(service -> service.getName())
        .contains("metakey.v1.Registry", "metakey.v1.Admin", "grpc.health.v1.Health");
  }

  @Test
  void anyCall_whenMessageIsTooLarge_isRefusedAndTheConnectionGoesOn() {
    RegisterRequest large =
        RegisterRequest.newBuilder()
            .addFields(spec("a", 8).toBuilder().setDescription("x".repeat(300_000)))
            .build();

    assertThatThrownBy(() -> client.registry().register(large))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
    assertThat(registered("a", 8).getOutcome()).isEqualTo(Outcome.OUTCOME_CREATED);
  }

  @Test
  void anyCall_whenMetadataIsTooLarge_isRefusedAndOthersGoOn() throws InterruptedException {
    try (Client wordy = Client.with(socket, "x-words", "x".repeat(10_000))) {
      assertThatThrownBy(() -> wordy.registry().register(register("a", 8)))
          .isInstanceOf(StatusRuntimeException.class);
    }
    assertThat(header().getRegistry().getRevision()).isZero();
  }

  @Test
  void socket_whenSomebodySendsGarbage_closesThatConnectionOnly() throws IOException {
    Random random = new Random(42);
    List<byte[]> garbage = new ArrayList<>();
    garbage.add("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(UTF_8));
    garbage.add(new byte[100]);
    for (int i = 0; i < 20; i++) {
      byte[] bytes = new byte[1 + random.nextInt(5_000)];
      random.nextBytes(bytes);
      garbage.add(bytes);
      byte[] preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(UTF_8);
      byte[] later = ByteBuffer.allocate(preface.length + bytes.length).array();
      System.arraycopy(preface, 0, later, 0, preface.length);
      System.arraycopy(bytes, 0, later, preface.length, bytes.length);
      garbage.add(later);
    }
    for (byte[] bytes : garbage) {
      try (SocketChannel raw = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        raw.connect(UnixDomainSocketAddress.of(socket));
        sendAndListen(raw, bytes);
      }
    }

    assertThat(registered("a", 8).getOutcome()).isEqualTo(Outcome.OUTCOME_CREATED);
    assertThat(status().getProblemsList()).isEmpty();
  }

  /** The daemon may close while we still send. */
  private static void sendAndListen(SocketChannel raw, byte[] bytes) {
    try {
      raw.write(ByteBuffer.wrap(bytes));
      raw.shutdownOutput();
      ByteBuffer answer = ByteBuffer.allocate(10_000);
      while (raw.read(answer) >= 0 && answer.hasRemaining()) {}
    } catch (IOException closed) {
      assertThat(closed).hasMessageMatching("(?i).*(broken pipe|reset).*");
    }
  }
}
