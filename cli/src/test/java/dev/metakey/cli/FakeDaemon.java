package dev.metakey.cli;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.metakey.model.Blocker;
import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.FleetEvent;
import dev.metakey.model.FleetEventKind;
import dev.metakey.model.Format;
import dev.metakey.model.Header;
import dev.metakey.model.Layout;
import dev.metakey.model.LimitUse;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Orphan;
import dev.metakey.model.Outcome;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Pending;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Role;
import dev.metakey.model.Sharing;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import dev.metakey.v1.AdminGrpc;
import dev.metakey.v1.ApplyRequest;
import dev.metakey.v1.ApplyResponse;
import dev.metakey.v1.BackupRequest;
import dev.metakey.v1.BackupResponse;
import dev.metakey.v1.Changes;
import dev.metakey.v1.GetHeaderRequest;
import dev.metakey.v1.GetHeaderResponse;
import dev.metakey.v1.GetRequest;
import dev.metakey.v1.GetResponse;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.GetStatusResponse;
import dev.metakey.v1.GetTagRequest;
import dev.metakey.v1.GetTagResponse;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListHistoryResponse;
import dev.metakey.v1.ListOrphansRequest;
import dev.metakey.v1.ListOrphansResponse;
import dev.metakey.v1.ListPendingRequest;
import dev.metakey.v1.ListPendingResponse;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.ListResponse;
import dev.metakey.v1.ListUsersRequest;
import dev.metakey.v1.ListUsersResponse;
import dev.metakey.v1.PassedRule;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegisterResponse;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.ReleaseAllRequest;
import dev.metakey.v1.ReleaseAllResponse;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ReleaseResponse;
import dev.metakey.v1.ReloadRequest;
import dev.metakey.v1.ReloadResponse;
import dev.metakey.v1.ReserveRequest;
import dev.metakey.v1.ReserveResponse;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.v1.ResolveResponse;
import dev.metakey.v1.RestoreRequest;
import dev.metakey.v1.RestoreResponse;
import dev.metakey.v1.RetagRequest;
import dev.metakey.v1.RetagResponse;
import dev.metakey.v1.SetReadOnlyRequest;
import dev.metakey.v1.SetReadOnlyResponse;
import dev.metakey.v1.State;
import dev.metakey.v1.TestPolicyRequest;
import dev.metakey.v1.TestPolicyResponse;
import dev.metakey.v1.TransferRequest;
import dev.metakey.v1.TransferResponse;
import dev.metakey.v1.UndeleteRequest;
import dev.metakey.v1.UndeleteResponse;
import dev.metakey.v1.UnreserveRequest;
import dev.metakey.v1.UnreserveResponse;
import dev.metakey.v1.WatchRequest;
import dev.metakey.v1.WatchResponse;
import dev.metakey.wire.FleetWire;
import dev.metakey.wire.Requests;
import dev.metakey.wire.Wire;
import dev.metakey.wire.WireErrors;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A daemon with a registry that never changes, on a real unix socket: it answers every call from
 * the same few fields, keeps what it was asked, and refuses everything for a reason if told so.
 */
final class FakeDaemon implements AutoCloseable {
  static final UUID REGISTRY = UUID.fromString("6f2d1c1e-7f4b-4c39-9d0a-5a1f2f1f6f10");
  static final Tag TAG =
      Tag.of(new byte[] {0x5e, (byte) 0xc2, (byte) 0xe7, (byte) 0xa9, 0x1b, 0x3d});
  static final RegistryInfo INFO = new RegistryInfo(REGISTRY, 41, Layout.SLOTTED, 128);

  private static final long AT_MS = Instant.parse("2026-01-02T03:04:05.678Z").toEpochMilli();
  private static final Owner EDGE = Owner.unit("edge-xdp.service");
  private static final Owner TRACER = new Owner(1000, "tracer");
  private static final Peer PEER =
      new Peer(EDGE, 0, 0, 4711, "edge-xdp.service", "0123456789ab", true);

  static final Field PACKET_ID =
      new Field.Builder(
              0,
              FieldSpec.of("edge.packet_id", 8).describedAs("número de paquete"),
              FieldState.ACTIVE)
          .generation(1)
          .slot(24)
          .owners(List.of(EDGE))
          .created(new Stamp(1, AT_MS))
          .build();
  static final Field CLIENT_IP =
      new Field.Builder(
              1,
              new FieldSpec(
                  "edge.client_ip", 4, "", Format.IPV4, Merge.BLOCK, Sharing.SHARED, 600_000),
              FieldState.ACTIVE)
          .generation(3)
          .slot(28)
          .owners(List.of(EDGE, TRACER))
          .created(new Stamp(7, AT_MS))
          .expiresAtMs(AT_MS + 600_000)
          .build();
  static final Field ZONE =
      new Field.Builder(2, FieldSpec.of("edge.zone", 2), FieldState.RETIRED)
          .generation(1)
          .slot(30)
          .owners(List.of(TRACER))
          .created(new Stamp(8, AT_MS))
          .retired(new Stamp(40, AT_MS + 60_000))
          .build();
  private static final List<Blocker> BLOCKERS =
      List.of(
          new Blocker(
              Blocker.Kind.QUARANTINE,
              AT_MS + 660_000,
              List.of(),
              "it is quarantined after its release; a reboot of the host ends that, too"),
          new Blocker(
              Blocker.Kind.PROGRAMS,
              0,
              List.of(57),
              "program 57 (tracing) is linked to it; nobody else gets the id before it is unloaded"));
  static final Field TENANT =
      new Field.Builder(
              7, FieldSpec.of("acme.tenant", 4).printedAs(Format.HEX), FieldState.RESERVED)
          .generation(1)
          .slot(36)
          .reservation(new Reservation(true, "keys.d/acme.yaml:3"))
          .created(new Stamp(9, AT_MS))
          .build();

  /** What follows {@link #TAG}, once it was asked for: somebody makes it anew meanwhile. */
  private volatile Tag retagged = Tag.NONE;

  private volatile boolean toldTag;

  /** Has every answer but the first give another tag. */
  void retagAfterTheFirstAnswer(Tag tag) {
    retagged = tag;
  }

  private Tag nextTag() {
    Tag next = retagged;
    boolean isFirst = !toldTag;
    toldTag = true;
    return isFirst || next.isNone() ? TAG : next;
  }

  private static final LoadedProgram TAGGER =
      new LoadedProgram(
          42,
          "number_packets",
          "xdp",
          "00f1b2c3d4e5f607",
          AT_MS,
          List.of(),
          List.of(
              new FieldUse(
                  "edge.packet_id", 8, Role.PRODUCES, FieldUse.Place.of(INFO, Tag.NONE, PACKET_ID)),
              new FieldUse("edge.hop", 2, Role.PRODUCES, null)));
  private static final LoadedProgram TRACING =
      new LoadedProgram(
          57,
          "",
          "tracing",
          "8899aabbccddeeff",
          AT_MS + 1_000,
          List.of(4711, 4712),
          List.of(
              new FieldUse(
                  "edge.packet_id", 8, Role.CONSUMES, FieldUse.Place.of(INFO, Tag.NONE, PACKET_ID)),
              new FieldUse(
                  "edge.zone",
                  2,
                  Role.CONSUMES,
                  new FieldUse.Place(new UUID(1, 2), Layout.SLOTTED, 128, Tag.NONE, 5, 1, 34))));

  static final Change CREATED = new Change(1, 1, AT_MS, ChangeKind.CREATED, null, PACKET_ID, PEER);
  static final Change RELEASED = released(40);

  private static Change released(long revision) {
    return new Change(
        revision,
        revision,
        AT_MS + 60_000,
        ChangeKind.RELEASED,
        ZONE.toBuilder().state(FieldState.ACTIVE).retired(Stamp.NONE).build(),
        ZONE,
        new Peer(1000, 1000, 99, "tracer"));
  }

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final Server server;
  private final Path socket;
  private final Queue<Message> requests = new ConcurrentLinkedQueue<>();

  volatile String claimedService;
  volatile Owner owner = EDGE;
  volatile MetakeyException refusal;
  volatile Snapshot snapshot = Snapshot.of(INFO, List.of(PACKET_ID, CLIENT_IP, ZONE, TENANT));
  private static final Peer DAEMON = new Peer(0, 0, 1, "metakeyd");
  private static final List<FleetEvent> FLEET_EVENTS =
      List.of(
          event(FleetEventKind.FLEET_JOINED, "", -1, 0, "", "", "the fleet prod", DAEMON),
          event(
              FleetEventKind.FLEET_PLACED,
              "edge.hop",
              7,
              64,
              "edge-xdp.service",
              "host-17",
              "",
              DAEMON),
          event(
              FleetEventKind.FLEET_FORGOT,
              "",
              -1,
              0,
              "",
              "host-3",
              "",
              new Peer(0, 0, 99, "metakey")));

  volatile List<Change> changes = List.of(CREATED, RELEASED);
  volatile long nextSinceRevision;
  volatile String unseen = "";
  volatile List<Field> inUse = List.of();
  volatile List<String> conflicts = List.of();
  volatile List<String> problems = List.of();

  FakeDaemon(Path socket) throws IOException {
    this.socket = socket;
    server =
        NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .bossEventLoopGroup(group)
            .workerEventLoopGroup(group)
            .channelType(EpollServerDomainSocketChannel.class)
            .withChildOption(ChannelOption.SO_KEEPALIVE, null)
            .directExecutor()
            .intercept(new ServiceName())
            .addService(new Registry())
            .addService(new Admin())
            .addService(new FakeFleetAdmin(Wire.info(INFO), Wire.field(TENANT)))
            .build()
            .start();
  }

  Path socket() {
    return socket;
  }

  /** Refuses every call from now on. */
  void refuse(Reason reason, String message) {
    refusal = new MetakeyException(reason, message, Map.of("name", "edge.packet_id"));
  }

  /** The last request of the type. */
  <M extends Message> M asked(Class<M> type) {
    return requests.stream()
        .filter(type::isInstance)
        .map(type::cast)
        .reduce((first, second) -> second)
        .orElseThrow(() -> new AssertionError("no " + type.getSimpleName() + " in " + requests));
  }

  boolean wasAsked() {
    return !requests.isEmpty();
  }

  private static FleetEvent event(
      FleetEventKind kind,
      String name,
      int id,
      int slot,
      String service,
      String host,
      String text,
      Peer peer) {
    return new FleetEvent(39, AT_MS, kind, name, id, slot, service, host, text, peer);
  }

  @Override
  public void close() throws Exception {
    server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    group.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS).get();
  }

  private <R> void answer(Message request, StreamObserver<R> caller, Supplier<R> reply) {
    requests.add(request);
    try {
      if (refusal != null) {
        throw refusal;
      }
      caller.onNext(reply.get());
      caller.onCompleted();
    } catch (MetakeyException e) {
      caller.onError(WireErrors.toStatus(e));
    }
  }

  private Field known(String name) {
    Field field = snapshot.byName(name);
    if (field == null) {
      throw new MetakeyException(Reason.NOT_FOUND, name + " is not known here");
    }
    return field;
  }

  /** Keeps what the caller claims to be. */
  private final class ServiceName implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      claimedService =
          headers.get(Metadata.Key.of("metakey-service", Metadata.ASCII_STRING_MARSHALLER));
      return next.startCall(call, headers);
    }
  }

  private final class Registry extends RegistryGrpc.RegistryImplBase {
    @Override
    public void register(RegisterRequest request, StreamObserver<RegisterResponse> caller) {
      answer(
          request,
          caller,
          () -> {
            var reply = RegisterResponse.newBuilder().setRegistry(Wire.info(INFO));
            int nextId = 8;
            for (var wire : request.getFieldsList()) {
              FieldSpec spec = Requests.spec(wire);
              Field field = snapshot.byName(spec.name());
              Registered result;
              if (field == null) {
                Field made =
                    PACKET_ID.toBuilder().spec(spec).slot(40).owners(List.of(owner)).build();
                made = withId(made, nextId++);
                result = new Registered(made, Outcome.CREATED, List.of());
              } else {
                result =
                    new Registered(field, Outcome.EXISTING, Difference.between(field.spec(), spec));
              }
              reply.addResults(Wire.registered(result));
            }
            return reply.build();
          });
    }

    @Override
    public void resolve(ResolveRequest request, StreamObserver<ResolveResponse> caller) {
      answer(
          request,
          caller,
          () -> {
            if (request.hasWait() && Requests.millis(request.getWait(), "wait") <= 0) {
              throw new MetakeyException(Reason.INVALID_REQUEST, "wait of nothing");
            }
            return ResolveResponse.newBuilder()
                .setRegistry(Wire.info(INFO))
                .addAllFields(
                    request.getNamesList().stream().map(n -> Wire.field(known(n))).toList())
                .build();
          });
    }

    @Override
    public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> caller) {
      answer(
          request,
          caller,
          () ->
              ReleaseResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .setField(Wire.field(ZONE))
                  .build());
    }

    @Override
    public void list(ListRequest request, StreamObserver<ListResponse> caller) {
      answer(
          request,
          caller,
          () ->
              ListResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .addAllFields(
                      snapshot.fields().stream()
                          .filter(f -> f.name().startsWith(request.getPrefix()))
                          .filter(
                              f ->
                                  request.getStatesList().isEmpty()
                                      || request.getStatesList().contains(Wire.state(f.state())))
                          .map(Wire::field)
                          .toList())
                  .build());
    }

    @Override
    public void get(GetRequest request, StreamObserver<GetResponse> caller) {
      answer(
          request,
          caller,
          () -> {
            Field field =
                request.hasId() ? snapshot.byId(request.getId()) : known(request.getName());
            if (field == null) {
              throw new MetakeyException(
                  Reason.NOT_FOUND, "id %d is free".formatted(request.getId()));
            }
            return GetResponse.newBuilder()
                .setRegistry(Wire.info(INFO))
                .setField(Wire.field(field))
                .addAllBlockers(
                    field.equals(ZONE) ? BLOCKERS.stream().map(Wire::blocker).toList() : List.of())
                .build();
          });
    }

    @Override
    public void listOrphans(
        ListOrphansRequest request, StreamObserver<ListOrphansResponse> caller) {
      answer(
          request,
          caller,
          () ->
              ListOrphansResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .addOrphans(Wire.orphan(new Orphan(PACKET_ID, Orphan.OwnerState.GONE, AT_MS)))
                  .addOrphans(
                      Wire.orphan(new Orphan(CLIENT_IP, Orphan.OwnerState.UNKNOWN, AT_MS + 60_000)))
                  .build());
    }

    @Override
    public void getHeader(GetHeaderRequest request, StreamObserver<GetHeaderResponse> caller) {
      Header header = snapshot.header();
      answer(
          request,
          caller,
          () ->
              GetHeaderResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .setHigh(header.high())
                  .setLow(header.low())
                  .build());
    }

    /** The state, then a change; then nothing more, until it is closed. */
    @Override
    public void watch(WatchRequest request, StreamObserver<WatchResponse> caller) {
      requests.add(request);
      if (refusal != null) {
        caller.onError(WireErrors.toStatus(refusal));
        return;
      }
      if (!request.hasSinceRevision()) {
        caller.onNext(
            WatchResponse.newBuilder()
                .setRegistry(Wire.info(INFO))
                .setState(
                    State.newBuilder()
                        .addAllFields(snapshot.fields().stream().map(f -> Wire.field(f)).toList()))
                .build());
      }
      caller.onNext(
          WatchResponse.newBuilder()
              .setRegistry(Wire.info(INFO.withRevision(42)))
              .setChanges(Changes.newBuilder().addChanges(Wire.change(released(42))))
              .build());
    }

    @Override
    public void getTag(GetTagRequest request, StreamObserver<GetTagResponse> caller) {
      answer(
          request,
          caller,
          () ->
              GetTagResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .setTag(ByteString.copyFrom(nextTag().bytes()))
                  .build());
    }

    @Override
    public void getStatus(GetStatusRequest request, StreamObserver<GetStatusResponse> caller) {
      answer(
          request,
          caller,
          () ->
              Wire.status(
                  new DaemonStatus(
                      INFO,
                      new DaemonStatus.Daemon(
                          "0.1.0", AT_MS, 812, "/run/metakey/metakeyd.sock", "/var/lib/metakey"),
                      new DaemonStatus.IdCount(2, 1, 1),
                      new DaemonStatus.SlotUse(20, 112),
                      new DaemonStatus.Queues(0, 1, 2),
                      new DaemonStatus.Programs(3, 1, unseen, true),
                      List.of(
                          new DaemonStatus.Publication("keys", "/run/metakey/keys", 41, ""),
                          new DaemonStatus.Publication(
                              "registry.bin", "/run/metakey/registry.bin", 41, "")),
                      List.of(
                          new LimitUse("connections", 256, 1024, 3, 0, 2, List.of()),
                          new LimitUse(
                              "calls_a_second",
                              5000,
                              0,
                              5012,
                              830,
                              2,
                              List.of(
                                  new LimitUse.User(1001, 5000, 5000),
                                  new LimitUse.User(0, 12, 0))),
                          new LimitUse("watches", 1024, 4096, 3200, 0, 7, List.of())),
                      problems)));
    }
  }

  private final class Admin extends AdminGrpc.AdminImplBase {
    @Override
    public void reserve(ReserveRequest request, StreamObserver<ReserveResponse> caller) {
      answer(
          request,
          caller,
          () ->
              ReserveResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .setField(Wire.field(TENANT))
                  .build());
    }

    @Override
    public void unreserve(UnreserveRequest request, StreamObserver<UnreserveResponse> caller) {
      answer(
          request,
          caller,
          () ->
              UnreserveResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .setField(Wire.field(TENANT))
                  .build());
    }

    @Override
    public void undelete(UndeleteRequest request, StreamObserver<UndeleteResponse> caller) {
      answer(
          request,
          caller,
          () ->
              UndeleteResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .setField(Wire.field(PACKET_ID))
                  .build());
    }

    @Override
    public void transfer(TransferRequest request, StreamObserver<TransferResponse> caller) {
      answer(
          request,
          caller,
          () ->
              TransferResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .setField(Wire.field(PACKET_ID))
                  .build());
    }

    @Override
    public void retag(RetagRequest request, StreamObserver<RetagResponse> caller) {
      answer(
          request, caller, () -> RetagResponse.newBuilder().setRegistry(Wire.info(INFO)).build());
    }

    @Override
    public void releaseAll(ReleaseAllRequest request, StreamObserver<ReleaseAllResponse> caller) {
      answer(
          request,
          caller,
          () ->
              ReleaseAllResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .addReleased(Wire.field(ZONE))
                  .addAllInUse(inUse.stream().map(Wire::field).toList())
                  .build());
    }

    @Override
    public void backup(BackupRequest request, StreamObserver<BackupResponse> caller) {
      answer(
          request,
          caller,
          () ->
              BackupResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .setBackup(ByteString.copyFromUtf8("a backup"))
                  .build());
    }

    @Override
    public StreamObserver<RestoreRequest> restore(StreamObserver<RestoreResponse> caller) {
      return new StreamObserver<>() {
        @Override
        public void onNext(RestoreRequest request) {
          answer(
              request,
              caller,
              () ->
                  RestoreResponse.newBuilder()
                      .setRegistry(Wire.info(INFO))
                      .addAllChanges(changes.stream().map(Wire::change).toList())
                      .build());
        }

        @Override
        public void onError(Throwable gone) {}

        @Override
        public void onCompleted() {}
      };
    }

    @Override
    public StreamObserver<ApplyRequest> apply(StreamObserver<ApplyResponse> caller) {
      return new StreamObserver<>() {
        @Override
        public void onNext(ApplyRequest request) {
          answer(
              request,
              caller,
              () ->
                  ApplyResponse.newBuilder()
                      .setRegistry(Wire.info(INFO))
                      .addAllChanges(
                          conflicts.isEmpty()
                              ? changes.stream().map(Wire::change).toList()
                              : List.of())
                      .addAllConflicts(conflicts)
                      .build());
        }

        @Override
        public void onError(Throwable gone) {}

        @Override
        public void onCompleted() {}
      };
    }

    @Override
    public void setReadOnly(
        SetReadOnlyRequest request, StreamObserver<SetReadOnlyResponse> caller) {
      answer(
          request,
          caller,
          () ->
              SetReadOnlyResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .setWhy(request.getOn() ? "read-only mode was turned on" : "")
                  .build());
    }

    @Override
    public void reload(ReloadRequest request, StreamObserver<ReloadResponse> caller) {
      answer(
          request, caller, () -> ReloadResponse.newBuilder().setRegistry(Wire.info(INFO)).build());
    }

    @Override
    public void testPolicy(TestPolicyRequest request, StreamObserver<TestPolicyResponse> caller) {
      PassedRule passed =
          PassedRule.newBuilder()
              .setRule("rule 'edge' (/etc/metakey/metakeyd.yaml:7)")
              .setCondition(request.getUnit().isEmpty() ? "unit" : "gid")
              .build();
      answer(
          request,
          caller,
          () ->
              TestPolicyResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .setRule("built-in rule 'everybody'")
                  .setAbout("everybody")
                  .setAllows("read of all names, release of all names")
                  .setBornAdmin(request.getUid() == 0)
                  .addAllRights(List.of("read", "release"))
                  .setIds(32)
                  .setSlotBytes(56)
                  .addPassed(passed)
                  .build());
    }

    @Override
    public void listHistory(
        ListHistoryRequest request, StreamObserver<ListHistoryResponse> caller) {
      answer(
          request,
          caller,
          () ->
              ListHistoryResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .addAllChanges(changes.stream().map(Wire::change).toList())
                  .addAllFleetEvents(FLEET_EVENTS.stream().map(FleetWire::event).toList())
                  .setNextSinceRevision(nextSinceRevision)
                  .build());
    }

    @Override
    public void listUsers(ListUsersRequest request, StreamObserver<ListUsersResponse> caller) {
      answer(
          request,
          caller,
          () ->
              ListUsersResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .addPrograms(Wire.program(TAGGER, use -> ""))
                  .addPrograms(
                      Wire.program(
                          TRACING, use -> use.name().equals("edge.zone") ? "id 5, here 2" : ""))
                  .build());
    }

    @Override
    public void listPending(
        ListPendingRequest request, StreamObserver<ListPendingResponse> caller) {
      Pending one =
          new Pending(
              new Peer(1000, 1000, 99, "tracer"),
              List.of("edge.packet_id", "edge.hop"),
              List.of("edge.hop"),
              AT_MS,
              AT_MS + 30_000);
      answer(
          request,
          caller,
          () ->
              ListPendingResponse.newBuilder()
                  .setRegistry(Wire.info(INFO))
                  .addPending(Wire.pending(one))
                  .build());
    }
  }

  private static Field withId(Field field, int id) {
    return new Field.Builder(id, field.spec(), field.state())
        .generation(field.generation())
        .slot(field.slot())
        .owners(field.owners())
        .created(field.created())
        .build();
  }
}
