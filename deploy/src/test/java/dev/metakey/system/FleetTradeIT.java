package dev.metakey.system;

import static dev.metakey.system.FleetLab.HOSTS;

import dev.metakey.v1.FieldSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * All hosts take names, share them and give them up again; the fleet has fewer ids than names, so
 * when the last host has left a name, its id becomes another's. Meanwhile one thing after the other
 * befalls etcd, the network and the hosts: a few of them, or with {@code -Dmetakey.fleetRounds=N}
 * all of them N times.
 */
@LoadedPrograms.LoadedAndSeen // what a program is linked to is not given up
class FleetTradeIT {
  private static final int ROUNDS = Integer.getInteger("metakey.fleetRounds", 0);
  private static final int FEW = 3;

  /** A service may have 16 names in a fleet, so there are several. */
  private static final int SERVICES = 4;

  private static final int IDS = Math.min(44, 2 + HOSTS);

  /** So often names have to be answered after each fault. */
  private static final int ANSWERS = 2 * HOSTS;

  /** Longer than a host is cut off here, or comes back after others. */
  private static final int QUARANTINE_S = 8 + HOSTS / 2;

  /** So often there is a new name to be had, and an old one no more. */
  private static final long NEW_NAME_MS = 2_000L * QUARANTINE_S / IDS;

  private static final String CONFIG =
      """
        ids: 0-%d
        quarantine: %ds
      programs: kernel
      """
          .formatted(IDS - 1, QUARANTINE_S);

  @RegisterExtension final Host host = new Host();

  private final Random random = Seed.random("FleetTradeIT");

  /** What a host has been given. */
  private record Taken(String service, FieldSpec spec) {}

  private final Map<FleetMember, Taken> taken = new ConcurrentHashMap<>();

  private final long beganNs = System.nanoTime();
  private int happened;
  private FleetLab lab;
  private EtcdNodes etcd;

  /** Something that happens, and what makes it good again. */
  private enum Fault {
    ONE_NODE,
    TWO_NODES,
    ALL_NODES,
    NODE_CUT_OFF,
    HOST_CUT_OFF,
    HOST_KILLED,
    SLOW,
    NO_SPACE,
    COMPACTED,
    OLDER_COPY
  }

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
  void ids_goFromOneNameToTheNext_andNeverHaveTwo_whateverHappens() throws Exception {
    lab.startAll(CONFIG);
    lab.work(this::trade);
    awaitTrade();
    for (Fault fault : faults()) {
      happen(fault);
      etcd.awaitHealthy();
      awaitTrade();
      happened++;
    }
    lab.stopWork();
    lab.requireAgreement();
    System.out.printf(
        "trade: %d hosts, %d names, %d ids, %d faults; %s%n",
        HOSTS, newest(), IDS, happened, lab.answers);
  }

  private List<Fault> faults() {
    List<Fault> faults = new ArrayList<>();
    for (int i = 0; i < Math.max(1, ROUNDS); i++) {
      List<Fault> all = new ArrayList<>(List.of(Fault.values()));
      Collections.shuffle(all, random);
      faults.addAll(ROUNDS == 0 ? all.subList(0, FEW) : all);
    }
    return faults;
  }

  private void happen(Fault fault) throws Exception {
    System.out.printf("trade: %s; %s%n", fault, lab.answers);
    FleetMember member = lab.members.get(random.nextInt(HOSTS));
    int node = random.nextInt(EtcdNodes.COUNT);
    switch (fault) {
      case ONE_NODE -> killed(node);
      case TWO_NODES -> killed(node, (node + 1) % EtcdNodes.COUNT);
      case ALL_NODES -> killed(0, 1, 2);
      case NODE_CUT_OFF -> cutOff(EtcdNodes.name(node));
      case HOST_CUT_OFF -> cutOff(member.name());
      case HOST_KILLED -> {
        member.kill();
        member.launch();
        member.awaitServing();
      }
      case SLOW -> {
        etcd.slowDown();
        goOn();
        etcd.speedUp();
      }
      case NO_SPACE -> {
        etcd.fill();
        goOn();
        etcd.makeRoom();
      }
      case COMPACTED -> {
        lab.network.cut(member.name());
        goOn();
        etcd.compact();
        lab.network.mend(member.name());
      }
      case OLDER_COPY -> {
        String copy = "older" + happened;
        etcd.save(copy);
        awaitTrade();
        etcd.restore(copy);
      }
    }
  }

  private void killed(int... nodes) throws Exception {
    etcd.kill(nodes);
    goOn();
    for (int node : nodes) {
      etcd.start(node);
    }
  }

  private void cutOff(String name) throws Exception {
    lab.network.cut(name);
    goOn();
    lab.network.mend(name);
  }

  /** Clients go on for a while. */
  private void goOn() throws Exception {
    int before = lab.answers.asked();
    lab.await("clients go on", () -> lab.answers.asked() >= before + ANSWERS);
  }

  /** All goes on as it should, and some id comes to another name. */
  private void awaitTrade() throws Exception {
    int answered = lab.answers.answered();
    int handovers = lab.answers.handovers();
    lab.await(
        "names change hands",
        () ->
            lab.answers.answered() >= answered + ANSWERS
                && lab.answers.handovers() > handovers + HOSTS / 10);
  }

  private int newest() {
    return IDS + (int) (TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNs) / NEW_NAME_MS);
  }

  /** Takes a name, or asks for the one that it has once more, or gives it up. */
  private void trade(FleetMember member) {
    ThreadLocalRandom dice = ThreadLocalRandom.current();
    Taken mine = taken.get(member);
    if (mine == null) {
      int number = newest() - dice.nextInt(IDS);
      int service = (dice.nextInt(4) == 0 ? number + 1 : number) % SERVICES;
      String name = "edge.n" + number;
      FieldSpec spec = number % 2 == 0 ? Wiretap.shared(name, 2) : Wiretap.field(name, 4);
      Taken wanted = new Taken("trader-" + service, spec);
      if (member.ask(wanted.service, wanted.spec)) {
        taken.put(member, wanted);
      }
    } else if (dice.nextInt(3) == 0) {
      taken.remove(member);
      member.release(mine.spec.getName());
    } else {
      var unused = member.ask(mine.service, mine.spec);
    }
  }
}
