package dev.metakey.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Outcome;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import dev.metakey.v1.Changes;
import dev.metakey.v1.GetHeaderRequest;
import dev.metakey.v1.GetHeaderResponse;
import dev.metakey.v1.GetRequest;
import dev.metakey.v1.GetResponse;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.GetStatusResponse;
import dev.metakey.v1.GetTagRequest;
import dev.metakey.v1.GetTagResponse;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.ListResponse;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegisterResponse;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.v1.ResolveResponse;
import dev.metakey.v1.State;
import dev.metakey.v1.WatchRequest;
import dev.metakey.v1.WatchResponse;
import dev.metakey.wire.Wire;
import dev.metakey.wire.WireErrors;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A registry in memory behind a real unix socket. It can die and come back with what it had, which
 * is what the client must live with. Everything is under one lock: this is about order, not speed.
 */
public final class FakeDaemon extends RegistryGrpc.RegistryImplBase implements AutoCloseable {
  public static final Tag TAG = Tag.of(new byte[] {9, 8, 7, 6, 5, 4});

  private static final Metadata.Key<String> SERVICE =
      Metadata.Key.of("metakey-service", Metadata.ASCII_STRING_MARSHALLER);
  private static final Peer PEER = new Peer(7, 7, 77, "fake");

  final Path socket;
  final List<WatchRequest> watchRequests = new CopyOnWriteArrayList<>();
  final List<String> services = new CopyOnWriteArrayList<>();
  public final List<RegisterRequest> registerRequests = new CopyOnWriteArrayList<>();

  private final List<StreamObserver<WatchResponse>> watchers = new ArrayList<>();
  private final List<Waiting> waiting = new ArrayList<>();
  private final List<Change> history = new ArrayList<>();
  private final ExecutorService executor = Executors.newCachedThreadPool();
  private Snapshot snapshot = Snapshot.empty(UUID.randomUUID(), Layout.SLOTTED, 128);
  private boolean keepsHistory = true;
  private volatile @Nullable GetStatusResponse status;
  private @Nullable MetakeyException refusal;

  /** Why the tag is refused; null if it is told. */
  public volatile @Nullable MetakeyException tagRefusal;

  private @Nullable MultiThreadIoEventLoopGroup group;
  private @Nullable Server server;

  private record Waiting(List<String> names, StreamObserver<ResolveResponse> observer) {}

  FakeDaemon(Path socket) {
    this.socket = socket;
  }

  /** Makes a daemon that runs. */
  public static FakeDaemon started(Path socket) {
    FakeDaemon daemon = new FakeDaemon(socket);
    daemon.start();
    return daemon;
  }

  synchronized void start() {
    try {
      Files.deleteIfExists(socket);
      group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
      server =
          NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toString()))
              .bossEventLoopGroup(group)
              .workerEventLoopGroup(group)
              .channelType(EpollServerDomainSocketChannel.class)
              .withOption(ChannelOption.SO_BACKLOG, 64)
              .withChildOption(ChannelOption.SO_KEEPALIVE, null)
              .executor(executor)
              .addService(ServerInterceptors.intercept(this, new ServiceNames()))
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes no connection and answers nothing, until the result is counted down. */
  CountDownLatch stopAccepting() throws InterruptedException {
    CountDownLatch stopped = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Objects.requireNonNull(group)
        .execute(
            () -> {
              stopped.countDown();
              try {
                goOn.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    stopped.await();
    return goOn;
  }

  /** Dies as after kill -9: calls break, the socket file stays. */
  public void kill() {
    Server dying;
    synchronized (this) {
      dying = server;
      server = null;
      watchers.clear();
      waiting.clear();
    }
    if (dying != null) {
      dying.shutdownNow();
      try {
        dying.awaitTermination();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      var ended = group.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
      assertThat(ended.awaitUninterruptibly(Eventually.PATIENCE.toMillis())).isTrue();
    }
  }

  @Override
  public void close() {
    kill();
    executor.shutdownNow();
  }

  public synchronized Snapshot snapshot() {
    return snapshot;
  }

  synchronized int watching() {
    return watchers.size();
  }

  public synchronized int waiting() {
    return waiting.size();
  }

  public synchronized void refuseEverything(@Nullable MetakeyException why) {
    refusal = why;
  }

  synchronized void forgetHistory() {
    keepsHistory = false;
  }

  /** Sends a message to every watcher, which may be nonsense. */
  synchronized void say(WatchResponse message) {
    watchers.forEach(w -> w.onNext(message));
  }

  /** Registers a field and tells everybody. */
  public synchronized Field add(String name, int size) {
    int id = (int) snapshot.records().stream().count();
    Field field =
        new Field.Builder(id, FieldSpec.of(name, size), FieldState.ACTIVE)
            .generation(1)
            .slot(24 + id * 8)
            .owners(List.of(new Owner(7, "fake")))
            .created(new Stamp(snapshot.info().revision() + 1, 1_000))
            .build();
    long revision = snapshot.info().revision() + 1;
    Change change = new Change(revision, revision, 1_000, ChangeKind.CREATED, null, field, PEER);
    history.add(change);
    snapshot = snapshot.with(snapshot.info().withRevision(revision), List.of(change));
    watchers.forEach(w -> w.onNext(changes(List.of(change))));
    List<Waiting> served =
        waiting.stream()
            .filter(w -> w.names.stream().allMatch(n -> snapshot.resolve(n) != null))
            .toList();
    waiting.removeAll(served);
    served.forEach(w -> answer(w.names, w.observer));
    return field;
  }

  WatchResponse changes(List<Change> changes) {
    return WatchResponse.newBuilder()
        .setRegistry(Wire.info(snapshot.info()))
        .setChanges(Changes.newBuilder().addAllChanges(changes.stream().map(Wire::change).toList()))
        .build();
  }

  WatchResponse state() {
    return WatchResponse.newBuilder()
        .setRegistry(Wire.info(snapshot.info()))
        .setState(
            State.newBuilder().addAllFields(snapshot.fields().stream().map(Wire::field).toList()))
        .build();
  }

  @Override
  public synchronized void watch(WatchRequest request, StreamObserver<WatchResponse> observer) {
    watchRequests.add(request);
    if (refused(observer)) {
      return;
    }
    boolean resumes =
        request.hasSinceRevision()
            && keepsHistory
            && request.getRegistryId().equals(snapshot.info().registryId().toString());
    observer.onNext(
        resumes
            ? changes(
                history.stream().filter(c -> c.revision() > request.getSinceRevision()).toList())
            : state());
    watchers.add(observer);
    ((ServerCallStreamObserver<WatchResponse>) observer)
        .setOnCancelHandler(
            () -> {
              synchronized (this) {
                watchers.remove(observer);
              }
            });
  }

  @Override
  public synchronized void register(
      RegisterRequest request, StreamObserver<RegisterResponse> observer) {
    if (refused(observer)) {
      return;
    }
    registerRequests.add(request);
    var reply = RegisterResponse.newBuilder();
    for (var spec : request.getFieldsList()) {
      Field known = snapshot.resolve(spec.getName());
      Field field = known != null ? known : add(spec.getName(), spec.getSize());
      Outcome outcome = known != null ? Outcome.EXISTING : Outcome.CREATED;
      reply.addResults(Wire.registered(new Registered(field, outcome, List.of())));
    }
    finish(observer, reply.setRegistry(Wire.info(snapshot.info())).build());
  }

  @Override
  public synchronized void resolve(
      ResolveRequest request, StreamObserver<ResolveResponse> observer) {
    if (refused(observer)) {
      return;
    }
    if (request.getNamesList().stream().allMatch(n -> snapshot.resolve(n) != null)) {
      answer(request.getNamesList(), observer);
    } else if (request.hasWait()) {
      waiting.add(new Waiting(List.copyOf(request.getNamesList()), observer));
    } else {
      observer.onError(
          WireErrors.toStatus(
              new MetakeyException(
                  Reason.NOT_FOUND,
                  "not found",
                  Map.of("names", String.join(", ", request.getNamesList())))));
    }
  }

  private void answer(List<String> names, StreamObserver<ResolveResponse> observer) {
    finish(
        observer,
        ResolveResponse.newBuilder()
            .setRegistry(Wire.info(snapshot.info()))
            .addAllFields(names.stream().map(snapshot::resolve).map(Wire::field).toList())
            .build());
  }

  @Override
  public synchronized void list(ListRequest request, StreamObserver<ListResponse> observer) {
    if (refused(observer)) {
      return;
    }
    finish(
        observer,
        ListResponse.newBuilder()
            .setRegistry(Wire.info(snapshot.info()))
            .addAllFields(snapshot.fields().stream().map(Wire::field).toList())
            .build());
  }

  @Override
  public synchronized void get(GetRequest request, StreamObserver<GetResponse> observer) {
    if (refused(observer)) {
      return;
    }
    Field field =
        request.hasName() ? snapshot.byName(request.getName()) : snapshot.byId(request.getId());
    finish(
        observer,
        GetResponse.newBuilder()
            .setRegistry(Wire.info(snapshot.info()))
            .setField(Wire.field(field))
            .build());
  }

  @Override
  public synchronized void getHeader(
      GetHeaderRequest request, StreamObserver<GetHeaderResponse> observer) {
    finish(
        observer,
        GetHeaderResponse.newBuilder()
            .setRegistry(Wire.info(snapshot.info()))
            .setHigh(snapshot.header().high())
            .setLow(snapshot.header().low())
            .build());
  }

  /** Sets whether it looks at loaded programs. From now on it answers status calls. */
  public void looksAtPrograms(boolean looks) {
    status = GetStatusResponse.newBuilder().setProgramsNotLookedAt(!looks).build();
  }

  @Override
  public void getTag(GetTagRequest request, StreamObserver<GetTagResponse> observer) {
    MetakeyException notTold = tagRefusal;
    if (notTold != null) {
      observer.onError(WireErrors.toStatus(notTold));
    } else if (!refused(observer)) {
      observer.onNext(
          GetTagResponse.newBuilder()
              .setRegistry(Wire.info(snapshot.info()))
              .setTag(ByteString.copyFrom(TAG.bytes()))
              .build());
      observer.onCompleted();
    }
  }

  /** Does not answer until a status is set: so it acts as a daemon that hangs. */
  @Override
  public void getStatus(GetStatusRequest request, StreamObserver<GetStatusResponse> observer) {
    GetStatusResponse answer = status;
    if (answer != null && !refused(observer)) {
      observer.onNext(answer.toBuilder().setRegistry(Wire.info(snapshot.info())).build());
      observer.onCompleted();
    }
  }

  private boolean refused(StreamObserver<?> observer) {
    if (refusal != null) {
      observer.onError(WireErrors.toStatus(refusal));
    }
    return refusal != null;
  }

  private static <T> void finish(StreamObserver<T> observer, T reply) {
    observer.onNext(reply);
    observer.onCompleted();
  }

  private final class ServiceNames implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      services.add(String.valueOf(headers.get(SERVICE)));
      return next.startCall(call, headers);
    }
  }
}
