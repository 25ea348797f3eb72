package dev.metakey.system;

import static dev.metakey.system.FleetLab.HOSTS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * All hosts ask for the same names all the time, while one thing after the other befalls etcd, the
 * network and the hosts. Nothing is ever released, so each name has one place for good.
 */
class FleetIT {
  private static final String CONFIG = "programs: none\n";

  @RegisterExtension final Host host = new Host();

  private final List<String> names = new CopyOnWriteArrayList<>();
  private FleetLab lab;
  private EtcdNodes etcd;

  @BeforeEach
  void start() throws Exception {
    lab = new FleetLab(host);
    etcd = lab.etcd;
  }

  @AfterEach
  void end() throws Exception {
    lab.close();
  }

  @Test
  void names_haveOnePlaceEverywhere_whateverBefallsEtcdAndTheHosts() throws Exception {
    lab.startAll(CONFIG);
    lab.work(this::ask);
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
    FleetMember killed = lab.members.get(1);
    killed.kill();
    killed.launch();
    killed.awaitServing(); // and is asked at once for what it knew
    etcd.startAll();
    everyHostAnswers("with_all_again");

    lab.network.cut(EtcdNodes.name(1));
    everyHostAnswers("node_cut_off");
    lab.network.mend(EtcdNodes.name(1));
    etcd.awaitHealthy();

    FleetMember lonely = lab.members.get(0);
    lab.network.cut(lonely.name());
    names.add("edge.host_cut_off");
    awaitAnswers("edge.host_cut_off", others(lonely));
    assertThat(lab.answers.isKnown(lonely.name(), "edge.host_cut_off")).isFalse();
    etcd.compact(); // what it has missed is gone
    lab.network.mend(lonely.name());
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
    lab.network.cut(lonely.name());
    etcd.restore("older");
    names.add("edge.after_the_restore");
    awaitAnswers("edge.after_the_restore", others(lonely));
    lab.network.mend(lonely.name());
    everyHostAnswers("after_all");

    for (String name : names) {
      awaitAnswers(name, lab.members);
    }
    lab.stopWork();
    lab.requireAgreement();
    for (FleetMember member : lab.members) {
      assertThat(member.report().status().divergent()).as(member.name()).isZero();
    }
    System.out.printf("fleet: %d hosts, %d names; %s%n", HOSTS, names.size(), lab.answers);
  }

  @Test
  void aHostWhoseCertificateWasRevoked_saysWhatToLookAt() throws Exception {
    FleetMember member = lab.add(CONFIG);
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
    assertThat(lab.answers.refusals("edge.new")).isEqualTo(1);
    member.kill();
    member.configure("host");
    member.launch();
    member.awaitServing();
    lab.await("it joins with another", () -> member.report().status().connected());
    assertThat(member.log()).doesNotContain("Exception");
  }

  /** Asks for the newest names, and for others now and then. */
  private void ask(FleetMember member) {
    int count = names.size();
    if (count > 0) {
      ThreadLocalRandom random = ThreadLocalRandom.current();
      int from = random.nextBoolean() ? Math.max(0, count - 2) : 0;
      member.ask(names.get(random.nextInt(from, count)));
    }
  }

  private List<FleetMember> others(FleetMember member) {
    return lab.members.stream().filter(each -> each != member).toList();
  }

  /** All of them ask for two new names, and are answered. */
  private void everyHostAnswers(String name) throws Exception {
    List<String> wanted = List.of("edge." + name, "edge." + name + ".b");
    names.addAll(wanted);
    for (String each : wanted) {
      awaitAnswers(each, lab.members);
    }
  }

  private void awaitAnswers(String name, List<FleetMember> those) throws Exception {
    lab.await(
        name + " is answered by each host",
        () -> those.stream().allMatch(member -> lab.answers.isKnown(member.name(), name)));
  }

  /** They ask for a new name and are refused, while they are answered what they know. */
  private void nobodyAnswers(String suffix) throws Exception {
    String name = "edge." + suffix;
    names.add(name);
    lab.await(name + " is refused", () -> lab.answers.refusals(name) >= HOSTS);
    assertThat(lab.answers.places()).doesNotContainKey(name);
  }
}
