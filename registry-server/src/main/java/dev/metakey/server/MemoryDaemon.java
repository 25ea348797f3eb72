package dev.metakey.server;

import dev.metakey.model.Layout;
import dev.metakey.model.LimitUse;
import dev.metakey.model.Peer;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Tag;
import dev.metakey.server.config.Config;
import dev.metakey.server.config.Read;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Start;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.EngineThreads;
import dev.metakey.server.engine.EngineThreads.Progress;
import dev.metakey.server.engine.FleetDesk;
import dev.metakey.server.engine.HostClock;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.engine.PolicyShares;
import dev.metakey.server.engine.Retention;
import dev.metakey.server.files.SocketAccess;
import dev.metakey.server.publication.Publisher;
import dev.metakey.server.publication.WatchHub;
import dev.metakey.server.storage.Backup;
import dev.metakey.server.storage.MemoryStore;
import dev.metakey.server.storage.StoreException;
import dev.metakey.server.transport.ServiceManager;
import dev.metakey.server.transport.SocketServer;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A daemon for tests: the parts of {@link Daemon} on a store in memory. It publishes nothing, and
 * sees a kernel that has no program loaded. Its time passes as usual, and jumps ahead when it is
 * told to.
 */
public final class MemoryDaemon implements AutoCloseable {
  private final Clock clock = new Clock();
  private final Engine engine;
  private final EngineThreads threads;
  private final KernelWatch kernel;
  private final Publisher publisher;
  private final WatchHub hub;
  private final SocketServer server;

  /**
   * Starts a daemon; when this returns, it serves.
   *
   * @param directory gets the socket, {@code metakeyd.sock}, and its lock
   * @throws IOException if the socket cannot be listened on
   */
  public MemoryDaemon(Path directory) throws IOException, StoreException {
    this(directory, engine -> null);
  }

  /**
   * As {@link #MemoryDaemon(Path)}, on a host in a fleet.
   *
   * @param fleet makes what stands for the fleet; null: there is none
   */
  public MemoryDaemon(Path directory, Function<Engine, @Nullable FleetDesk> fleet)
      throws IOException, StoreException {
    Config config = config(directory);
    Peer self = ThisProcess.peer();
    RegistryState empty =
        RegistryState.empty(UUID.randomUUID(), config.layout(), config.areaBytes());
    engine =
        new Engine(
            new MemoryStore(() -> empty),
            new Rules(config.quarantineMs(), self.uid()),
            new Retention(config.history().keep(), config.history().ageMs()),
            self,
            clock,
            Limits.DEFAULTS);
    kernel = new KernelWatch(engine, withPids -> List.of());
    engine.run(kernel.look());
    Tag tag = Tag.random(new SecureRandom());
    engine.run(new Start(clock.bootId(), config.layout(), config.areaBytes(), false, tag));
    publisher = new Publisher(engine.snapshot(), List.of());
    hub =
        new WatchHub(
            engine::snapshot,
            engine::history,
            Limits.DEFAULTS.watches(),
            new PolicyShares(engine::rules));
    Read<Config> read = Read.sound(config);
    Reload reload =
        new Reload(engine, () -> read, policy -> policy, kernel::wake, read, ServiceManager.NONE);
    StatusReport status =
        new StatusReport(config, engine, publisher, hub, new Problems(), this::socketLimits);
    server =
        new SocketServer(
            config.paths().socket(),
            engine,
            kernel,
            hub,
            status::now,
            reload::launchers,
            new Maintenance(engine, this::home, directory, "", () -> {}),
            reload::run,
            Limits.DEFAULTS);
    FleetDesk desk = fleet.apply(engine);
    if (desk != null) {
      server.fleet(desk);
    }
    threads = new EngineThreads(engine, () -> {}, Progress.UNWATCHED);
    engine.addListener(hub);
    engine.addListener(kernel);
    threads.start();
    kernel.start();
    server.start(SocketAccess.EVERYBODY, false);
  }

  private List<LimitUse> socketLimits() {
    return server.limits();
  }

  private Backup.Home home() {
    return new Backup.Home(List.of(engine.snapshot().info().registryId()), "");
  }

  private static Config config(Path directory) {
    Config.Paths paths =
        new Config.Paths(
            directory.resolve("metakeyd.sock"), directory, directory, "none", directory);
    Config defaults = Config.defaults();
    return new Config(
        paths,
        Layout.SLOTTED,
        RegistryInfo.DEFAULT_AREA_BYTES,
        defaults.quarantineMs(),
        defaults.history(),
        new Config.Publish(false, false, false));
  }

  /** Lets time pass at once. When this returns, what is due by then has been done. */
  public void advance(Duration time) {
    clock.advancedMs.addAndGet(time.toMillis());
    kernel.observe(Runnable::run).join();
  }

  @Override
  public void close() throws InterruptedException, IOException {
    server.stopAccepting();
    kernel.close();
    threads.close();
    hub.close();
    server.close();
  }

  private static final class Clock implements HostClock {
    private final long startNs = System.nanoTime();
    private final String bootId = UUID.randomUUID().toString();
    private final AtomicLong advancedMs = new AtomicLong();

    @Override
    public long wallMs() {
      return System.currentTimeMillis() + advancedMs.get();
    }

    @Override
    public long bootMs() {
      return stopwatchMs() + advancedMs.get();
    }

    @Override
    public long stopwatchMs() {
      return Duration.ofNanos(System.nanoTime() - startNs).toMillis();
    }

    @Override
    public String bootId() {
      return bootId;
    }
  }
}
