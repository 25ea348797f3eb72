package dev.metakey.server.transport;

import dev.metakey.files.Failure;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetEvent;
import dev.metakey.model.LimitUse;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.engine.Defects;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.FleetDesk;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.engine.NameClaims;
import dev.metakey.server.engine.PolicyShares;
import dev.metakey.server.engine.Shares;
import dev.metakey.server.files.LockFile;
import dev.metakey.server.files.SocketAccess;
import dev.metakey.server.log.Event;
import dev.metakey.server.publication.WatchHub;
import io.grpc.Codec;
import io.grpc.DecompressorRegistry;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutor;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Listens on the unix socket. Calls run on the event loop's threads: none of them ever waits.
 *
 * <p>Whoever may reach the socket may ask; what else somebody may do is decided by who they are.
 */
public final class SocketServer implements AutoCloseable {
  /** The service whose health says whether changes can be made; {@code ""} is the daemon's own. */
  public static final String REGISTRY_HEALTH = "metakey.v1.Registry";

  private static final int MAX_METADATA_BYTES = 8 * 1024;
  private static final int EVENT_LOOPS = 2;
  private static final long GRACE_S = 5;
  private static final long SWEEP_MS = 1_000;
  private static final long LOOK_MS = 5_000;
  private static final int FAR_DAYS = 365;
  private static final int MAX_RESETS = 2_000;
  private static final int RESETS_S = 10;
  private static final long KEEPALIVE_S = 120;

  /**
   * How many connections the kernel keeps waiting. A newcomer waits behind all of them, also where
   * one uid fills the line again and again: so it is short. Further ones wait, or are told EAGAIN.
   */
  private static final int BACKLOG = 512;

  /** How many calls may wait for the disk or the kernel; more are refused. */
  private static final int MAX_READS = 256;

  /**
   * Takes no compressed requests, as a few bytes on the wire could unfold to as many as a request
   * may have.
   */
  private static final DecompressorRegistry UNCOMPRESSED =
      DecompressorRegistry.emptyInstance().with(Codec.Identity.NONE, false);

  private final SocketFile socket;
  private final PeerLook peers;
  private final HealthStatusManager health = new HealthStatusManager();
  private final EventLoopGroup accepting = eventLoops("registry-accept", 1);
  private final EventLoopGroup serving = eventLoops("registry-serve", EVENT_LOOPS);
  private final ExecutorService readers = oneThread("registry-reader");

  /**
   * For releases, which look at the kernel, and for the tag. Apart, so that they keep nobody from
   * reading.
   */
  private final ExecutorService lookers = oneThread("registry-looker");

  private final Defects defects = new Defects("looking after connections and the socket");
  private final Connections connections;
  private final CallGuard guard;
  private final Function<ListenAddress, Server> servers;
  private final ScheduledExecutorService looks =
      Executors.newSingleThreadScheduledExecutor(new DefaultThreadFactory("registry-socket"));

  /** The newest is the one that can be reached; the others finish what they have. */
  private final List<Server> started = new CopyOnWriteArrayList<>();

  private @Nullable CallMeter meter;
  private NameClaims claims = NameClaims.NONE;
  private Supplier<List<FleetEvent>> fleetEvents = List::of;
  private final Engine engine;
  private final KernelWatch kernel;
  private final List<ServerServiceDefinition> services = new ArrayList<>();
  private volatile SocketAccess access = SocketAccess.EVERYBODY;
  private volatile boolean marked;
  private volatile String socketProblem = "";
  private volatile boolean closing;
  private int endedByForce;

  /**
   * @param launchers units that prove nothing; is asked for each connection
   * @param reload reads the config again, and returns what an admin should know
   * @param limits what peers may hold
   * @throws LockFile.HeldException if a live daemon has the socket
   * @throws IOException if the path cannot be a socket, or cannot be listened on
   */
  public SocketServer(
      Path path,
      Engine engine,
      KernelWatch kernel,
      WatchHub hub,
      Supplier<DaemonStatus> status,
      Supplier<Launchers> launchers,
      Upkeep upkeep,
      Supplier<String> reload,
      Limits limits)
      throws IOException {
    this(
        path,
        engine,
        kernel,
        hub,
        status,
        launchers,
        upkeep,
        reload,
        limits,
        new PolicyShares(engine::rules));
  }

  /**
   * @param shares what of the limits each may have
   */
  SocketServer(
      Path path,
      Engine engine,
      KernelWatch kernel,
      WatchHub hub,
      Supplier<DaemonStatus> status,
      Supplier<Launchers> launchers,
      Upkeep upkeep,
      Supplier<String> reload,
      Limits limits,
      Shares shares)
      throws IOException {
    this.socket = SocketFile.claim(path);
    this.peers = new PeerLook(launchers);
    changesPossible(true);
    this.connections = new Connections(limits, shares);
    this.guard = new CallGuard(connections, System::nanoTime, this::soon);
    this.engine = engine;
    this.kernel = kernel;
    this.services.addAll(
        List.of(
            inBytes(new RegistryService(engine, this::claim, kernel, lookers, hub, status).bind()),
            inBytes(
                new AdminService(
                        engine,
                        kernel,
                        upkeep,
                        reload,
                        launchers,
                        () -> fleetEvents.get(),
                        readers,
                        lookers)
                    .bindService()),
            inBytes(health.getHealthService().bindService()),
            inBytes(ProtoReflectionServiceV1.newInstance().bindService())));
    this.servers = address -> build(address, services, limits);
  }

  private void soon(Runnable sweep) {
    var unused = serving.schedule(defects.guard(sweep), SWEEP_MS, TimeUnit.MILLISECONDS);
  }

  private Server build(
      ListenAddress address, List<ServerServiceDefinition> services, Limits limits) {
    NettyServerBuilder server =
        NettyServerBuilder.forAddress(address)
            .channelFactory(this::listening)
            .withChildOption(
                ChannelOption.SO_KEEPALIVE, null) // unix sockets have none, and netty would warn
            .bossEventLoopGroup(accepting)
            .workerEventLoopGroup(serving)
            .protocolNegotiator(new PeerNegotiator(peers, connections))
            .directExecutor()
            .maxInboundMessageSize(Limits.MESSAGE_BYTES)
            .maxInboundMetadataSize(MAX_METADATA_BYTES)
            .maxConcurrentCallsPerConnection(limits.each().streams())
            .maxConnectionIdle(limits.each().idleMs(), TimeUnit.MILLISECONDS)
            .maxRstFramesPerWindow(MAX_RESETS, RESETS_S)
            .keepAliveTime(KEEPALIVE_S, TimeUnit.SECONDS)
            .decompressorRegistry(UNCOMPRESSED)
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .intercept(new CallerInterceptor())
            .intercept(guard)
            .intercept(new MeteredCalls(meter, System::nanoTime)) // the last is outermost
            .addServices(services);
    return server.build();
  }

  /** Has calls measured, from the start on. */
  public void measure(CallMeter calls) {
    meter = calls;
  }

  /** This host belongs to a fleet: new names are asked for first. Before the start. */
  public void fleet(FleetDesk desk) {
    claims = desk;
    fleetEvents = desk::events;
    services.add(inBytes(new FleetService(engine, desk, kernel, lookers).bindService()));
  }

  private CompletableFuture<Void> claim(List<FieldSpec> specs, String service) {
    return claims.claim(specs, service);
  }

  /**
   * Serves from now on.
   *
   * @param access who may connect
   * @param marked marks the socket as that of a daemon which publishes beside it. A client that
   *     finds a dead daemon's socket with this mark knows that no other daemon has served there
   *     since.
   * @throws IOException if the socket cannot be listened on, or cannot be given to whom it is for
   */
  public void start(SocketAccess access, boolean marked) throws IOException {
    this.access = access;
    this.marked = marked;
    accepting.forEach(
        SocketServer::letSleep); // not earlier, as this starts the thread of each loop
    serving.forEach(SocketServer::letSleep);
    listen();
    var unused =
        looks.scheduleWithFixedDelay(
            defects.guard(this::keepSocket), LOOK_MS, LOOK_MS, TimeUnit.MILLISECONDS);
  }

  private void listen() throws IOException {
    ListenAddress address = new ListenAddress(socket.path());
    Server server = servers.apply(address);
    server.start();
    address.forget();
    socket.bound();
    started.add(server);
    access.give(socket.path(), marked);
  }

  /**
   * Makes the socket again if somebody has removed it. What somebody has put in its place stays: it
   * may be another daemon's.
   */
  private synchronized void keepSocket() {
    if (closing) {
      return;
    }
    try {
      SocketFile.Found found = socket.look();
      if (found == SocketFile.Found.REPLACED) {
        tell(
            "somebody has put something else there, and nobody can reach this metakeyd any more; remove it, and metakeyd makes its socket again");
        return;
      }
      socket.keepLock();
      if (found == SocketFile.Found.MISSING) {
        List<Server> unreachable = List.copyOf(started);
        listen();
        unreachable.forEach(Server::shutdown); // clients go to the new one when they are done
        started.removeIf(Server::isTerminated);
        Event.SOCKET_RESTORED.say(
            "socket %s was removed; it is there again".formatted(socket.path()));
      }
      socketProblem = "";
    } catch (IOException e) {
      tell("it was removed, and cannot be made again: " + Failure.words(e));
    }
  }

  private void tell(String what) {
    String problem = "socket %s: %s".formatted(socket.path(), what);
    if (!problem.equals(socketProblem)) {
      Event.SOCKET_LOST.say(problem);
    }
    socketProblem = problem;
  }

  /** Tells probes whether changes can be made. Reads are possible in any case. */
  public void changesPossible(boolean possible) {
    health.setStatus(REGISTRY_HEALTH, possible ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  }

  /** How much is used of the limits of connections and calls. */
  public List<LimitUse> limits() {
    return connections.use(System.nanoTime());
  }

  /** Whether every thread that serves connections runs, or was told to end. */
  public boolean isWell() {
    return closing || (!hasEnded(accepting) && !hasEnded(serving));
  }

  /**
   * Whether an event loop has ended. It leaves its connections without answers, and cannot be
   * replaced.
   */
  private static boolean hasEnded(EventLoopGroup loops) {
    for (EventExecutor loop : loops) {
      if (loop.isShuttingDown()) {
        return true;
      }
    }
    return false;
  }

  /** What an admin should know; empty if all is well. */
  public List<String> problems() {
    List<String> problems = new ArrayList<>(defects.problems());
    if (!peers.problem().isEmpty()) {
      problems.add(peers.problem());
    }
    if (!socketProblem.isEmpty()) {
      problems.add(socketProblem);
    }
    problems.addAll(connections.problems());
    if (!isWell()) {
      problems.add(
          "a thread that serves connections has ended, and some clients get no answer; restart metakeyd, and report this with its log");
    }
    return problems;
  }

  /** Removes the socket. Those who are connected are served until {@link #close}. */
  public synchronized void stopAccepting() throws IOException {
    if (!closing) {
      closing = true;
      health.enterTerminalState(); // a second time it would warn
    }
    socket.remove();
  }

  /**
   * Refuses new calls, ends the streams, and the connections as soon as no more calls come. A
   * client holds calls back while it has as many open as it may; gRPC fails those, and sometimes
   * others with them, if the connection is ended under it.
   */
  @Override
  public void close() throws InterruptedException, IOException {
    stopAccepting();
    end(looks);
    guard.stop(new MetakeyException(Reason.UNAVAILABLE, "metakeyd is stopping"));
    started.forEach(Server::shutdown);
    for (Server server : started) {
      if (!server.awaitTermination(GRACE_S, TimeUnit.SECONDS)) {
        endedByForce++;
        server.shutdownNow().awaitTermination(GRACE_S, TimeUnit.SECONDS);
      }
    }
    end(readers);
    end(lookers);
    end(accepting);
    end(serving);
    connections.spare.lend();
    socket.close();
  }

  /** How many servers did not end by themselves, as connections stayed open. */
  int endedByForce() {
    return endedByForce;
  }

  private static void end(ExecutorService threads) throws InterruptedException {
    threads.shutdown();
    var unused = threads.awaitTermination(GRACE_S, TimeUnit.SECONDS);
  }

  private static ExecutorService oneThread(String name) {
    return new ThreadPoolExecutor(
        1,
        1,
        0,
        TimeUnit.SECONDS,
        new ArrayBlockingQueue<>(MAX_READS),
        new DefaultThreadFactory(name));
  }

  /** Messages pass the interceptors as bytes: {@link CallGuard} measures them. */
  private static ServerServiceDefinition inBytes(ServerServiceDefinition service) {
    return ServerInterceptors.useMarshalledMessages(service, Encoded.AS_IT_IS);
  }

  private static void end(EventLoopGroup loops) throws InterruptedException {
    var ended = loops.shutdownGracefully(0, GRACE_S, TimeUnit.SECONDS);
    var unused = ended.await();
  }

  private EpollServerDomainSocketChannel listening() {
    EpollServerDomainSocketChannel channel = new EpollServerDomainSocketChannel();
    channel.config().setBacklog(BACKLOG);
    channel.pipeline().addLast(new AcceptGate(connections));
    return channel;
  }

  private static EventLoopGroup eventLoops(String name, int threads) {
    return new MultiThreadIoEventLoopGroup(
        threads, new DefaultThreadFactory(name), EpollIoHandler.newFactory());
  }

  /**
   * Schedules something a year ahead, as an event loop that has nothing scheduled wakes every
   * second.
   */
  private static void letSleep(EventExecutor loop) {
    var unused = loop.scheduleWithFixedDelay(() -> {}, FAR_DAYS, FAR_DAYS, TimeUnit.DAYS);
  }
}
