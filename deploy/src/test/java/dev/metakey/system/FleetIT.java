package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.system.FleetAnswers.Place;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A fleet of real daemons and three real etcd nodes, with TLS, each in a network namespace of its
 * own. All hosts ask for the same names all the time, while one thing after the other befalls etcd,
 * the network and the hosts: {@link FleetAnswers} says what must not be. {@code
 * -Dmetakey.fleetHosts=N} makes it larger; a daemon takes 100 MB.
 */
class FleetIT {
  private static final int HOSTS = Integer.getInteger("metakey.fleetHosts", 4);

  /** How long a host asks for nothing, milliseconds: the machine has other things to do. */
  private static final int REST_MS = 40 * HOSTS;

  /** As long as hosts rest between two tries to reach etcd, and then some. */
  private static final int PATIENCE_S = 90;

  private static final Path CLOCK = Path.of("/usr/bin/faketime");

  @RegisterExtension final Host host = new Host();

  private final FleetAnswers answers = new FleetAnswers();
  private final List<FleetMember> members = new ArrayList<>();
  private final List<String> names = new CopyOnWriteArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Future<?>> atWork = new ArrayList<>();
  private volatile boolean ended;
  private FleetNetwork network;
  private EtcdNodes etcd;

  @BeforeEach
  void start() throws Exception {
    Requires.mounts();
    network = host.closeLater(new FleetNetwork());
    etcd = host.closeLater(new EtcdNodes(network, Files.createDirectory(at("etcd"))));
    etcd.startAll();
  }

  @AfterEach
  void end() throws Exception {
    ended = true;
    threads.shutdown();
    for (Future<?> each : atWork) {
      each.get(60, TimeUnit.SECONDS);
    }
  }

  private Path at(String name) {
    return host.root().resolve(name);
  }

  private FleetMember add() throws Exception {
    FleetMember member = new FleetMember(host.root(), members.size(), network, etcd, answers);
    members.add(member);
    return host.closeLater(member);
  }

  @Test
  void names_haveOnePlaceEverywhere_whateverBefallsEtcdAndTheHosts() throws Exception {
    for (int i = 0; i < HOSTS; i++) {
      FleetMember member = add();
      if (i == HOSTS - 1 && Files.isExecutable(CLOCK)) {
        member.startWith("env", "DONT_FAKE_MONOTONIC=1", CLOCK.toString(), "-f", "+2d");
      }
      member.launch();
    }
    for (FleetMember member : members) {
      member.awaitServing();
      atWork.add(threads.submit(() -> work(member)));
    }
    everyHostAnswers("first");

    for (int node = 0; node < EtcdNodes.COUNT; node++) {
      etcd.kill(node);
      everyHostAnswers("without_n" + node);
      etcd.start(node);
      etcd.awaitHealthy();
    }

    etcd.kill(0, 1);
    nobodyAnswers("without_two");
    etcd.start(0);
    etcd.start(1);
    everyHostAnswers("with_two_again");

    etcd.kill(0, 1, 2);
    nobodyAnswers("without_all");
    FleetMember killed = members.get(1);
    killed.kill();
    killed.launch();
    killed.awaitServing(); // and is asked at once for what it knew
    etcd.startAll();
    everyHostAnswers("with_all_again");

    network.cut(EtcdNodes.name(1));
    everyHostAnswers("node_cut_off");
    network.mend(EtcdNodes.name(1));
    etcd.awaitHealthy();

    FleetMember lonely = members.get(0);
    network.cut(lonely.name());
    names.add("edge.host_cut_off");
    awaitAnswers("edge.host_cut_off", others(lonely));
    assertThat(answers.isKnown(lonely.name(), "edge.host_cut_off")).isFalse();
    etcd.compact(); // what it has missed is gone
    network.mend(lonely.name());
    everyHostAnswers("host_is_back");

    etcd.slowDown();
    everyHostAnswers("slowly");
    etcd.speedUp();
    etcd.awaitHealthy();

    etcd.fill();
    nobodyAnswers("no_space");
    etcd.makeRoom();
    everyHostAnswers("space_again");

    etcd.save("older");
    lonely.ask("edge.of_one_after_the_copy");
    everyHostAnswers("after_the_copy");
    network.cut(lonely.name());
    etcd.restore("older");
    names.add("edge.after_the_restore");
    awaitAnswers("edge.after_the_restore", others(lonely));
    network.mend(lonely.name());
    everyHostAnswers("after_all");

    requireAgreement();
    System.out.printf("fleet: %d hosts; %s%n", HOSTS, answers);
  }

  @Test
  void aHostWhoseCertificateWasRevoked_saysWhatToLookAt() throws Exception {
    FleetMember member = add();
    member.configure("revoked");
    member.launch();
    member.awaitServing();

    Host.await(
        "the daemon says why etcd does not answer",
        () -> member.report().status().why().contains("certificate"));

    assertThat(member.report().status().why())
        .contains(
            "closed the connection without a word; if it does so each time, it may not accept the certificate ",
            "revoked.pem");
    member.ask("edge.new");
    assertThat(answers.refusals()).isEqualTo(1);
    member.kill();
    member.configure("host");
    member.launch();
    member.awaitServing();
    Host.await("it joins with another", () -> member.report().status().connected());
    assertThat(member.log()).doesNotContain("Exception");
  }

  /** Asks for the newest names, and for others now and then. */
  private void work(FleetMember member) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    while (!ended) {
      int count = names.size();
      if (count > 0) {
        boolean newest = random.nextBoolean();
        int from = newest ? Math.max(0, count - 2) : 0;
        member.ask(names.get(random.nextInt(from, count)));
      }
      rest(random.nextInt(1, REST_MS));
    }
  }

  private static void rest(int ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<FleetMember> others(FleetMember member) {
    return members.stream().filter(each -> each != member).toList();
  }

  /** All of them ask for two new names, and are answered. */
  private void everyHostAnswers(String name) throws Exception {
    List<String> wanted = List.of("edge." + name, "edge." + name + ".b");
    names.addAll(wanted);
    for (String each : wanted) {
      awaitAnswers(each, members);
    }
  }

  private void awaitAnswers(String name, List<FleetMember> those) throws Exception {
    Host.await(
        PATIENCE_S,
        name + " is answered by each host",
        () -> {
          requireNothingWrong();
          return those.stream().allMatch(member -> answers.isKnown(member.name(), name));
        });
  }

  /** They ask for a new name and are refused, while they are answered what they know. */
  private void nobodyAnswers(String name) throws Exception {
    long before = answers.refusals();
    names.add("edge." + name);
    Host.await(
        PATIENCE_S,
        "edge.%s is refused".formatted(name),
        () -> answers.refusals() >= before + HOSTS);
    requireNothingWrong();
    assertThat(answers.places()).doesNotContainKey("edge." + name);
  }

  private void requireNothingWrong() {
    assertThat(answers.wrongs()).isEmpty();
  }

  /** Each host has what it has answered, and so has etcd. */
  private void requireAgreement() throws Exception {
    for (String name : names) {
      awaitAnswers(name, members);
    }
    members.forEach(FleetMember::addAll);
    requireNothingWrong();
    for (FleetMember member : members) {
      Host.await(
          PATIENCE_S,
          "%s knows the fleet: %s".formatted(member.name(), member.report()),
          () -> placesOf(member).equals(answers.places()));
      assertThat(member.report().status().divergent()).as(member.name()).isZero();
    }
  }

  private static Map<String, Place> placesOf(FleetMember member) {
    return member.report().names().stream()
        .collect(
            Collectors.toMap(
                each -> each.spec().name(), each -> new Place(each.id(), each.slot())));
  }
}
