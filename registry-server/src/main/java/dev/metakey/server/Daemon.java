package dev.metakey.server;

import dev.metakey.model.DaemonStatus;
import dev.metakey.model.LimitUse;
import dev.metakey.model.Peer;
import dev.metakey.server.config.Config;
import dev.metakey.server.config.Read;
import dev.metakey.server.domain.Policy;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Reserve;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.engine.Defects;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.EngineThreads;
import dev.metakey.server.engine.HostClock;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.engine.PolicyShares;
import dev.metakey.server.engine.ProgramSource;
import dev.metakey.server.engine.Retention;
import dev.metakey.server.files.TrustedDirectory;
import dev.metakey.server.files.TrustedDirectory.Use;
import dev.metakey.server.kernel.BpfEvents;
import dev.metakey.server.kernel.Groups;
import dev.metakey.server.log.Event;
import dev.metakey.server.publication.Outlet;
import dev.metakey.server.publication.Publisher;
import dev.metakey.server.publication.WatchHub;
import dev.metakey.server.storage.Backup;
import dev.metakey.server.storage.RocksStore;
import dev.metakey.server.storage.StoreException;
import dev.metakey.server.transport.Preparation;
import dev.metakey.server.transport.ServiceManager;
import dev.metakey.server.transport.SocketServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A running daemon: the one class that knows every part. Starts from the store outwards, so that
 * whoever can connect is served; stops in the order in which the parts feed each other, so that
 * what was answered is also published and told.
 */
public final class Daemon implements AutoCloseable {

  private final Config config;
  private final Problems problems = new Problems();
  private final Defects defects = new Defects("checking the stored history");
  private final UUID bootId;
  private final String readOnly;
  private final RocksStore store;
  private final Engine engine;
  private final EngineThreads threads;
  private final KernelWatch kernel;
  private final Publisher publisher;
  private final WatchHub hub;
  private final Maintenance maintenance;
  private final SocketServer server;
  private final Health health;
  private final @Nullable Monitor monitor;
  private final @Nullable FleetOffice fleet;
  final Reload reload;
  private final ServiceManager manager;
  private final StartReport report;

  /**
   * Starts a daemon whose config and reservations are sound, and that is not to recover anything.
   */
  public Daemon(
      Config config, ProgramSource programs, List<Reserve> reservations, boolean nothingLoaded)
      throws StoreException, IOException, InterruptedException {
    this(Read.sound(config), programs, Read.sound(reservations), nothingLoaded, null);
  }

  /** Starts a daemon whose config does not change. */
  Daemon(
      Read<Config> read,
      ProgramSource programs,
      Read<List<Reserve>> reservations,
      boolean nothingLoaded,
      @Nullable Path recoverFrom)
      throws StoreException, IOException, InterruptedException {
    this(read, () -> read, programs, reservations, nothingLoaded, recoverFrom, ServiceManager.NONE);
  }

  /**
   * Starts a daemon; when this returns, it serves.
   *
   * @param read the config; if something is wrong with it, the daemon is read-only
   * @param again reads the config again
   * @param programs tells what the kernel has loaded
   * @param reservations what {@code keys.d} says
   * @param nothingLoaded an admin's word that no program is loaded: a new layout is taken on at
   *     once
   * @param recoverFrom what an admin said to recover a lost registry from; null if nothing
   * @param manager is told how the daemon fares
   * @throws StoreException if the database cannot be opened
   * @throws IOException if the socket cannot be listened on
   */
  Daemon(
      Read<Config> read,
      Supplier<Read<Config>> again,
      ProgramSource programs,
      Read<List<Reserve>> reservations,
      boolean nothingLoaded,
      @Nullable Path recoverFrom,
      ServiceManager manager)
      throws StoreException, IOException, InterruptedException {
    config = read.value();
    this.manager = manager;
    Preparation preparation = Preparation.begin();
    Peer self = ThisProcess.peer();
    bootId = UUID.fromString(BootId.ofThisHost());
    TrustedDirectory.check(Use.RUN, config.paths().run());
    Published published = Published.look(config.paths(), bootId);
    ProgramSource looked = config.looksAtPrograms() ? programs : ProgramSource.NONE;
    store =
        new RocksStore(
            config.paths().data(),
            () -> RegistryState.empty(UUID.randomUUID(), config.layout(), config.areaBytes()),
            published.evidence(recoverFrom, looked, System.currentTimeMillis()));
    report = StartReport.begin(manager::starting);
    StatusReport status;
    try {
      report.step("reads the registry in " + config.paths().data());
      String wrong = whyReadOnly(read.faults());
      store.begin(wrong);
      readOnly = Objects.requireNonNullElse(store.readOnly(), wrong);
      engine =
          new Engine(
              store,
              rules(self),
              retention(),
              self,
              HostClock.ofThisHost(bootId.toString()),
              config.access().limits());
      kernel = new KernelWatch(engine, looked);
      reload =
          new Reload(
              engine, again, policy -> policy.lookedUp(Groups::gid), kernel::wake, read, manager);
      fleet = fleet(self); // before anything is handed out
      if (readOnly.isEmpty()) {
        report.step("looks at loaded programs");
        new TakeOver(config, store, engine, kernel, bootId, problems::add).run(nothingLoaded);
        reload.reserve(engine::run, reservations);
      } else {
        problems.add("read-only: " + readOnly);
        reservations.faults().forEach(problems::add);
      }
      publisher = new Publisher(engine.snapshot(), outlets(published, !readOnly.isEmpty()));
      hub =
          new WatchHub(
              engine::snapshot,
              engine::history,
              config.access().limits().watches(),
              new PolicyShares(engine::rules));
      preparation.await();
      maintenance =
          new Maintenance(
              engine,
              () -> new Backup.Home(store.ids(), MachineId.ofThisHost()),
              config.paths().data(),
              readOnly,
              this::tellHealth);
      status = new StatusReport(config, engine, publisher, hub, problems, this::socketLimits);
      server =
          new SocketServer(
              config.paths().socket(),
              engine,
              kernel,
              hub,
              status::now,
              reload::launchers,
              maintenance,
              reload::run,
              ThisProcess.fitting(config.access().limits()));
      maintenance.resume();
    } catch (IOException | StoreException | RuntimeException e) {
      report.close();
      store.close();
      throw e;
    }
    problems.from(() -> Stream.of(maintenance.problem()).filter(text -> !text.isEmpty()).toList());
    CapacityWatch capacity = new CapacityWatch(engine.snapshot());
    problems.from(() -> Stream.ofNullable(store.damage()).toList());
    problems.from(() -> Problems.reported(store.recoveryReport()), defects::problems);
    problems.from(server::problems, reload::problems);
    problems.from(hub::problems, publisher::problems, kernel::problems, capacity::problems);
    threads = new EngineThreads(engine, this::tellHealth, manager);
    health = new Health(engine, threads, kernel, publisher, server);
    monitor = monitor(status::now);
    problems.from(threads::problems);
    engine.addListener(hub);
    engine.addListener(publisher);
    engine.addListener(kernel);
    engine.addListener(capacity);
    if (config.history().journal()) {
      engine.addListener(new ChangeLog());
    }
    engine.onHealth(possible -> tellHealth());
    report.step("publishes what it knows");
    server.changesPossible(health.isReady());
    if (fleet != null) {
      begin(fleet);
    } else if (!readOnly.isEmpty() && (config.fleet().isPresent() || !read.faults().isEmpty())) {
      server.fleet(new UnknownFleet(readOnly));
    }
    threads.start();
    publisher.start();
    kernel.start();
    try {
      server.start(
          config.access().socket(),
          publisher.speaksAt(config.paths().socket().resolveSibling("keys")));
    } catch (IOException e) {
      close();
      throw e;
    }
    if (monitor != null) {
      monitor.start();
    }
    listenForPrograms();
    checkHistory();
    report.serves(config.paths().socket(), engine.snapshot());
    publisher.awaitFirst();
    report.close();
    tellHealth();
    manager.ready();
  }

  /** Reads all of the history once, on a thread that nobody waits for. */
  private void checkHistory() {
    Thread check = new Thread(defects.guard(store::checkHistory), "registry-check");
    check.setDaemon(true);
    check.start();
  }

  /**
   * Has the kernel tell of programs that come and go, if it can, so that nobody has to look all the
   * time.
   */
  private void listenForPrograms() {
    if (config.looksAtPrograms()) {
      try {
        kernel.listen(new BpfEvents());
      } catch (IOException e) {
        Event.PROGRAM_EVENTS_MISSING.say(e.getMessage() + "; metakeyd looks at them now and then");
      }
    }
  }

  /** Changes are possible while the store takes them and every thread that they need is running. */
  private void tellHealth() {
    boolean possible = health.isReady();
    server.changesPossible(possible);
    manager.takesChanges(possible);
  }

  /** What serves metrics and health over HTTP; null, and nothing loaded, if nobody wants that. */
  private @Nullable Monitor monitor(Supplier<DaemonStatus> status) {
    Config.Monitoring wanted = config.monitoring();
    if (wanted.metrics().isEmpty()) {
      return null;
    }
    Monitor made =
        new Monitor(wanted, config.access().socket(), health, status, engine, hub, server, store);
    problems.from(made::problems);
    return made;
  }

  /**
   * What agrees with other hosts on names; null, and nothing loaded, if the config names no fleet.
   * A read-only daemon hands nothing out, and may not have read the config as it was meant.
   */
  private @Nullable FleetOffice fleet(Peer self) {
    return config.fleet().isEmpty() || !readOnly.isEmpty()
        ? null
        : new FleetOffice(config.fleet().get(), config, engine, self);
  }

  /** Has the fleet asked for names, and told of, from now on. */
  private void begin(FleetOffice office) {
    problems.from(office::problems);
    engine.addListener(office.agent());
    server.fleet(office);
    reload.fleet(office::take);
    health.note("fleet", office::connection);
    if (monitor != null) {
      monitor.fleet(office);
    }
    office.agent().start();
  }

  /** With a wrong config nobody knows what was meant, and the defaults could be too much. */
  private Rules rules(Peer self) {
    Policy policy = readOnly.isEmpty() ? config.access().policy() : Policy.UNKNOWN;
    return new Rules(config.quarantineMs(), self.uid(), policy.lookedUp(Groups::gid), readOnly);
  }

  private static String whyReadOnly(List<String> faults) {
    return faults.isEmpty()
        ? ""
        : "%s; correct that, see that 'metakeyd --check' accepts it, and restart metakeyd"
            .formatted(String.join("; ", faults));
  }

  /**
   * Which history is kept. A read-only daemon keeps all, as its config may not be the right one.
   */
  private Retention retention() {
    return readOnly.isEmpty()
        ? new Retention(config.history().keep(), config.history().ageMs())
        : new Retention(Long.MAX_VALUE, Long.MAX_VALUE);
  }

  private List<Outlet> outlets(Published published, boolean isReadOnly) {
    return isReadOnly
        ? List.of() // what is there may be the only evidence
        : new Outlets(
                config,
                engine,
                bootId,
                ThisProcess.serving(config.paths().socket()),
                System::currentTimeMillis,
                problems::add)
            .besides(published, store.ids());
  }

  private List<LimitUse> socketLimits() {
    return server.limits();
  }

  /** Answers what is in flight, tells watchers, publishes the last state, closes the database. */
  @Override
  public void close() throws InterruptedException, IOException {
    report.close();
    manager.stopping();
    if (monitor != null) {
      monitor.close();
    }
    server.stopAccepting();
    if (fleet != null) {
      fleet.agent().close();
    }
    kernel.close();
    threads.close();
    hub.close();
    publisher.close();
    server.close();
    store.close();
    Event.flush();
    long revision = engine.snapshot().info().revision();
    Event.STOPPED.with("revision", revision).say("metakeyd stopped at revision " + revision);
  }
}
