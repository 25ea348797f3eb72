package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A fleet of real daemons and three real etcd nodes, with TLS, each in a network namespace of its
 * own, and a client for each daemon that asks it for something again and again. {@link
 * FleetAnswers} says what must not be.
 */
final class FleetLab implements AutoCloseable {
  /** {@code -Dmetakey.fleetHosts=N}: a daemon takes 100 MB, and a second or two of a core. */
  static final int HOSTS = Integer.getInteger("metakey.fleetHosts", 4);

  /** As long as hosts rest between two tries to reach etcd, and then some, seconds. */
  static final int PATIENCE_S = 90 + HOSTS;

  /** How long a client asks for nothing, at most: the machine has other things to do. */
  private static final int REST_MS = 40 * HOSTS;

  /** So many daemons start at once. */
  private static final int STARTING = 4;

  final FleetAnswers answers = new FleetAnswers();
  final List<FleetMember> members = new ArrayList<>();
  final FleetNetwork network;
  final EtcdNodes etcd;
  private final Host host;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Future<?>> atWork = new ArrayList<>();
  private volatile boolean ended;

  FleetLab(Host host) throws Exception {
    Requires.mounts();
    Requires.claimedServices();
    assumeTrue(Requires.isInstalled("cc"), "missing: a C compiler (gcc)");
    this.host = host;
    network = host.closeLater(new FleetNetwork());
    etcd = host.closeLater(new EtcdNodes(network, directory("etcd")));
    etcd.startAll();
  }

  private Path directory(String name) throws IOException {
    return Files.createDirectory(host.root().resolve(name));
  }

  private Path clockAhead() throws Exception {
    Path library = host.root().resolve("ahead.so");
    CBuild.library(CBuild.source("ahead.c"), library);
    return library;
  }

  /**
   * A host whose daemon does not run yet.
   *
   * @param config lines of its config, beside those that name the fleet
   */
  FleetMember add(String config) throws Exception {
    int number = members.size();
    FleetMember member =
        new FleetMember(directory("h" + number), number, network, etcd, answers, config);
    members.add(member);
    return host.closeLater(member);
  }

  /** Starts all daemons, of which the last has a clock that is two days ahead, a few at a time. */
  void startAll(String config) throws Exception {
    for (int i = 0; i < HOSTS; i++) {
      FleetMember member = add(config);
      if (i == HOSTS - 1) {
        member.startWith("env", "LD_PRELOAD=" + clockAhead());
      }
      member.launch();
      if (i >= STARTING) {
        members.get(i - STARTING).awaitServing();
      }
    }
    for (FleetMember member : members.subList(Math.max(0, HOSTS - STARTING), HOSTS)) {
      member.awaitServing();
    }
  }

  /** Has the client of each host do this again and again, until all is over. */
  void work(Consumer<FleetMember> turn) {
    for (FleetMember member : members) {
      atWork.add(
          threads.submit(
              () -> {
                while (!ended) {
                  turn.accept(member);
                  Thread.sleep(ThreadLocalRandom.current().nextInt(1, REST_MS));
                }
                return null;
              }));
    }
  }

  /** Returns when no client is at work any more. */
  void stopWork() throws Exception {
    ended = true;
    for (Future<?> each : atWork) {
      each.get(60, TimeUnit.SECONDS);
    }
    atWork.clear();
  }

  void requireNothingWrong() {
    assertThat(answers.wrongs()).isEmpty();
  }

  /** Waits, as long as nothing goes wrong. */
  void await(String what, Host.Condition condition) throws Exception {
    Host.await(
        PATIENCE_S,
        what,
        () -> {
          requireNothingWrong();
          return condition.holds();
        });
  }

  /** Each host has what it has answered, knows that of all others, and so does etcd. */
  void requireAgreement() throws Exception {
    members.forEach(FleetMember::sayAll);
    requireNothingWrong();
    for (FleetMember member : members) {
      await(
          member.name() + " knows the fleet",
          () -> member.places().entrySet().containsAll(answers.places().entrySet()));
    }
    for (String name : answers.hosts().keySet()) {
      int hosts = answers.hosts().get(name).size();
      // A name that was claimed and then not registered is left after a minute.
      await(
          "etcd knows the %d hosts that hold %s".formatted(hosts, name),
          () -> etcd.count("holds/" + name + "/") == hosts);
    }
  }

  @Override
  public void close() throws Exception {
    try {
      stopWork();
    } finally {
      threads.shutdown();
    }
  }
}
