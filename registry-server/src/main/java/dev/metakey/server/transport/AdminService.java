package dev.metakey.server.transport;

import com.google.protobuf.ByteString;
import dev.metakey.model.FleetEvent;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Peer;
import dev.metakey.model.Reservation;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Drift;
import dev.metakey.server.domain.ReleaseAll;
import dev.metakey.server.domain.Reserve;
import dev.metakey.server.domain.Retag;
import dev.metakey.server.domain.Transfer;
import dev.metakey.server.domain.Undelete;
import dev.metakey.server.domain.Unreserve;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.engine.PendingPage;
import dev.metakey.server.engine.Reply;
import dev.metakey.server.log.Event;
import dev.metakey.v1.AdminGrpc;
import dev.metakey.v1.ApplyRequest;
import dev.metakey.v1.ApplyResponse;
import dev.metakey.v1.BackupRequest;
import dev.metakey.v1.BackupResponse;
import dev.metakey.v1.Field;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListHistoryResponse;
import dev.metakey.v1.ListPendingRequest;
import dev.metakey.v1.ListPendingResponse;
import dev.metakey.v1.ListUsersRequest;
import dev.metakey.v1.ListUsersResponse;
import dev.metakey.v1.RegistryInfo;
import dev.metakey.v1.ReleaseAllRequest;
import dev.metakey.v1.ReleaseAllResponse;
import dev.metakey.v1.ReloadRequest;
import dev.metakey.v1.ReloadResponse;
import dev.metakey.v1.ReserveRequest;
import dev.metakey.v1.ReserveResponse;
import dev.metakey.v1.RestoreRequest;
import dev.metakey.v1.RestoreResponse;
import dev.metakey.v1.RetagRequest;
import dev.metakey.v1.RetagResponse;
import dev.metakey.v1.SetReadOnlyRequest;
import dev.metakey.v1.SetReadOnlyResponse;
import dev.metakey.v1.TestPolicyRequest;
import dev.metakey.v1.TestPolicyResponse;
import dev.metakey.v1.TransferRequest;
import dev.metakey.v1.TransferResponse;
import dev.metakey.v1.UndeleteRequest;
import dev.metakey.v1.UndeleteResponse;
import dev.metakey.v1.UnreserveRequest;
import dev.metakey.v1.UnreserveResponse;
import dev.metakey.wire.Requests;
import dev.metakey.wire.Wire;
import io.grpc.stub.StreamObserver;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** The calls of admins: maps requests to commands, submits them, and maps the replies back. */
final class AdminService extends AdminGrpc.AdminImplBase {
  /**
   * The most on one page: each may have 64 names of 63 bytes, twice, and gRPC clients take 4 MiB.
   */
  private static final int MAX_PENDING = 256;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final Engine engine;
  private final KernelWatch kernel;
  private final Upkeep upkeep;
  private final Supplier<String> reload;
  private final Supplier<Launchers> launchers;
  private final Supplier<List<FleetEvent>> fleetEvents;
  private final Executor readers;
  private final Executor lookers;

  /**
   * @param reload reads the config again, and returns what an admin should know
   * @param launchers units that prove nothing
   * @param fleetEvents what became of this host in its fleet; none if it is in none
   * @param readers reads what is not in memory, so that the event loop does not wait for it
   * @param lookers looks at the kernel for releases, likewise
   */
  AdminService(
      Engine engine,
      KernelWatch kernel,
      Upkeep upkeep,
      Supplier<String> reload,
      Supplier<Launchers> launchers,
      Supplier<List<FleetEvent>> fleetEvents,
      Executor readers,
      Executor lookers) {
    this.engine = engine;
    this.kernel = kernel;
    this.upkeep = upkeep;
    this.reload = reload;
    this.launchers = launchers;
    this.fleetEvents = fleetEvents;
    this.readers = readers;
    this.lookers = lookers;
  }

  @Override
  public void reserve(ReserveRequest request, StreamObserver<ReserveResponse> call) {
    Peer caller = CallerInterceptor.caller();
    change(
        call,
        () ->
            new Reserve(
                Requests.spec(request.getSpec()),
                request.getId(),
                request.getSlot(),
                new Reservation(request.getForeign(), caller.owner().toString())),
        (registry, field) ->
            ReserveResponse.newBuilder().setRegistry(registry).setField(field).build());
  }

  @Override
  public void unreserve(UnreserveRequest request, StreamObserver<UnreserveResponse> call) {
    change(
        call,
        () -> new Unreserve(request.getName()),
        (registry, field) ->
            UnreserveResponse.newBuilder().setRegistry(registry).setField(field).build());
  }

  @Override
  public void undelete(UndeleteRequest request, StreamObserver<UndeleteResponse> call) {
    change(
        call,
        () -> new Undelete(request.getName()),
        (registry, field) ->
            UndeleteResponse.newBuilder().setRegistry(registry).setField(field).build());
  }

  @Override
  public void transfer(TransferRequest request, StreamObserver<TransferResponse> call) {
    change(
        call,
        () -> new Transfer(request.getName(), Requests.owner(request.getTo())),
        (registry, field) ->
            TransferResponse.newBuilder().setRegistry(registry).setField(field).build());
  }

  /** Makes a change of one field. */
  private <A> void change(
      StreamObserver<A> call,
      Supplier<Command<dev.metakey.model.Field>> command,
      BiFunction<RegistryInfo, Field, A> answer) {
    Peer caller = CallerInterceptor.caller();
    Answers.later(
        call,
        () -> engine.submit(command.get(), caller),
        reply -> answer.apply(Wire.info(reply.info()), Wire.field(reply.value())));
  }

  @Override
  public void releaseAll(ReleaseAllRequest request, StreamObserver<ReleaseAllResponse> call) {
    Answers.later(
        call,
        () ->
            kernel.submit(
                new ReleaseAll(Requests.whose(request.getWhose()), request.getNow()),
                CallerInterceptor.caller(),
                lookers),
        reply ->
            ReleaseAllResponse.newBuilder()
                .setRegistry(Wire.info(reply.info()))
                .addAllReleased(reply.value().released().stream().map(Wire::field).toList())
                .addAllInUse(reply.value().inUse().stream().map(Wire::field).toList())
                .build());
  }

  @Override
  public void retag(RetagRequest request, StreamObserver<RetagResponse> call) {
    Peer caller = CallerInterceptor.caller();
    Answers.later(
        call,
        () ->
            kernel.submit(
                new Retag(Tag.random(RANDOM), request.getNothingLoaded()), caller, lookers),
        reply -> {
          Event.TAG_MADE_ANEW
              .by(caller)
              .say("the tag was made anew for %s: link programs again".formatted(caller));
          return RetagResponse.newBuilder().setRegistry(Wire.info(reply.info())).build();
        });
  }

  @Override
  public void backup(BackupRequest request, StreamObserver<BackupResponse> call) {
    Answers.on(
        readers,
        call,
        forAdmin(
            "backup",
            caller -> {
              ByteString backup = ByteString.copyFrom(upkeep.backup());
              Event.BACKUP_MADE.by(caller).say("a backup was made for " + caller);
              return BackupResponse.newBuilder().setRegistry(registry()).setBackup(backup).build();
            }));
  }

  @Override
  public StreamObserver<RestoreRequest> restore(StreamObserver<RestoreResponse> call) {
    return upload(
        call,
        "restore",
        RestoreRequest::getPart,
        RestoreRequest::getDryRun,
        whole -> upkeep.restore(whole.bytes().toByteArray(), whole.first().getNothingLoaded()),
        reply ->
            RestoreResponse.newBuilder()
                .setRegistry(Wire.info(reply.info()))
                .addAllChanges(reply.value().stream().map(Wire::change).toList())
                .build());
  }

  @Override
  public StreamObserver<ApplyRequest> apply(StreamObserver<ApplyResponse> call) {
    return upload(
        call,
        "applying a file",
        ApplyRequest::getPart,
        ApplyRequest::getDryRun,
        whole ->
            upkeep.apply(
                whole.first().getFile(),
                whole.bytes().toByteArray(),
                whole.first().getWithFields()),
        reply ->
            ApplyResponse.newBuilder()
                .setRegistry(Wire.info(reply.info()))
                .addAllChanges(reply.value().changes().stream().map(Wire::change).toList())
                .addAllConflicts(reply.value().conflicts())
                .build());
  }

  /** Makes what a file asks for, or only tells what that would be, after a look at the kernel. */
  private <Q, R, A> StreamObserver<Q> upload(
      StreamObserver<A> call,
      String what,
      Function<Q, ByteString> part,
      Predicate<Q> isDryRun,
      Function<Upload.Whole<Q>, Command<R>> command,
      Function<Reply<R>, A> toWire) {
    Peer caller = CallerInterceptor.caller();
    Upload<Q> upload = new Upload<>(part);
    Answers.later(
        call,
        () -> {
          engine.rules().requireAdmin(caller, what);
          return upload
              .whole()
              .thenCompose(whole -> kernel.observe(lookers).thenApply(seen -> whole))
              .thenComposeAsync(
                  whole ->
                      isDryRun.test(whole.first())
                          ? CompletableFuture.completedFuture(
                              engine.preview(command.apply(whole), caller))
                          : engine.submit(command.apply(whole), caller),
                  readers);
        },
        toWire);
    return upload;
  }

  @Override
  public void setReadOnly(SetReadOnlyRequest request, StreamObserver<SetReadOnlyResponse> call) {
    Answers.on(
        readers,
        call,
        forAdmin(
            "read-only mode",
            caller -> {
              if (request.getOn()) {
                upkeep.refuseChanges(caller, Requests.reason(request.getReason()));
              } else {
                upkeep.takeChanges();
              }
              return SetReadOnlyResponse.newBuilder()
                  .setRegistry(registry())
                  .setWhy(engine.rules().readOnly())
                  .build();
            }));
  }

  @Override
  public void reload(ReloadRequest request, StreamObserver<ReloadResponse> call) {
    Answers.on(
        readers,
        call,
        forAdmin(
            "reload",
            caller -> {
              String note = reload.get();
              return ReloadResponse.newBuilder().setRegistry(registry()).setNote(note).build();
            }));
  }

  @Override
  public void testPolicy(TestPolicyRequest request, StreamObserver<TestPolicyResponse> call) {
    Answers.now(
        call,
        forAdmin(
            "policy test",
            caller ->
                PolicyTests.answer(request, engine.rules(), launchers.get(), engine.snapshot())));
  }

  @Override
  public void listHistory(ListHistoryRequest request, StreamObserver<ListHistoryResponse> call) {
    Answers.on(
        readers,
        call,
        forAdmin("history", caller -> HistoryPages.page(request, engine, fleetEvents.get())));
  }

  @Override
  public void listPending(ListPendingRequest request, StreamObserver<ListPendingResponse> call) {
    Answers.now(call, forAdmin("pending", caller -> pending(request)));
  }

  private ListPendingResponse pending(ListPendingRequest request) {
    int limit = Answers.limit(request.getLimit(), MAX_PENDING);
    PendingPage page = engine.pending(request.getAfter(), limit);
    return ListPendingResponse.newBuilder()
        .setRegistry(registry())
        .addAllPending(page.pending().stream().map(Wire::pending).toList())
        .setNextAfter(page.nextAfter())
        .build();
  }

  @Override
  public void listUsers(ListUsersRequest request, StreamObserver<ListUsersResponse> call) {
    Answers.on(readers, call, forAdmin("users", caller -> users()));
  }

  private ListUsersResponse users() {
    List<LoadedProgram> programs = kernel.users();
    Snapshot snapshot = engine.snapshot();
    Tag tag = engine.tag();
    return ListUsersResponse.newBuilder()
        .setRegistry(Wire.info(snapshot.info()))
        .addAllPrograms(
            programs.stream()
                .filter(program -> !program.uses().isEmpty())
                .map(program -> Wire.program(program, use -> Drift.faultOf(snapshot, tag, use)))
                .toList())
        .build();
  }

  /** Looks who calls, now; the answer is for admins only, and may be made later. */
  private <A> Supplier<A> forAdmin(String what, Function<Peer, A> answer) {
    Peer caller = CallerInterceptor.caller();
    return () -> {
      engine.rules().requireAdmin(caller, what);
      return answer.apply(caller);
    };
  }

  private RegistryInfo registry() {
    return Wire.info(engine.snapshot().info());
  }
}
