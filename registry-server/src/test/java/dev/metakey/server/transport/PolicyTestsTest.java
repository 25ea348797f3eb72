package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.PeerMatch;
import dev.metakey.server.domain.Policy;
import dev.metakey.server.domain.PolicyRule;
import dev.metakey.server.domain.Prefixes;
import dev.metakey.server.domain.Quota;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Right;
import dev.metakey.server.domain.Rules;
import dev.metakey.v1.TestPolicyRequest;
import dev.metakey.v1.TestPolicyResponse;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@code metakey policy test} says is what a process that calls meets. */
class PolicyTestsTest {
  private static final int ROUNDS = 20_000;
  private static final List<Integer> IDS = List.of(0, 1, 1000, 4711, -2);
  private static final List<String> UNITS =
      List.of("edge.service", "edge-a.service", "cron.service", "x@1.service");
  private static final List<String> PATTERNS =
      List.of("*", "edge*", "edge.service", "*.service", "x@*", "cron.service", "**a**");
  private static final List<String> NAMES =
      List.of("edge", "edge.a", "edgex", "edgex.a", "ed", "edge_a", "trace.id", "trace.id.b");
  private static final List<String> PREFIXES =
      List.of("edge", "edge.", "edg", "trace.id", "trace.");
  private static final Map<String, Integer> GROUPS = Map.of("root", 0, "netops", 4711);
  private static final Snapshot EMPTY =
      RegistryState.empty(UUID.randomUUID(), Layout.SLOTTED, 128).snapshot();

  private final Random random = new Random(11);

  private <T> T one(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  /** Seldom any, so that most rules have one condition or two. */
  private <T> List<T> some(List<T> of) {
    return random.nextInt(3) > 0
        ? List.of()
        : Stream.generate(() -> one(of)).limit(1 + random.nextInt(2)).distinct().toList();
  }

  private PolicyRule rule(int number) {
    PeerMatch match =
        new PeerMatch(
            new HashSet<>(some(IDS)),
            new HashSet<>(some(IDS)),
            new HashSet<>(some(List.copyOf(GROUPS.keySet()))),
            some(PATTERNS),
            some(PATTERNS),
            some(List.of("*", "/system.slice/*", "/a", "/a*b")));
    Map<Right, Prefixes> allowed = new EnumMap<>(Right.class);
    for (Right right : Right.values()) {
      if (random.nextBoolean()) {
        allowed.put(right, one(List.of(Prefixes.ALL, new Prefixes(false, some(PREFIXES)))));
      }
    }
    Quota quota = new Quota(random.nextInt(65), random.nextInt(100), -1, -1, -1, -1);
    return new PolicyRule("r" + number, "c.yaml:" + number, match, allowed, quota);
  }

  private Rules rules() {
    List<PolicyRule> rules = new ArrayList<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      rules.add(rule(i));
    }
    return new Rules(1, 990, Policy.of(rules).lookedUp(name -> GROUPS.getOrDefault(name, -1)), "");
  }

  private PeerProcess process() {
    int uid = one(IDS);
    String path =
        one(
            List.of(
                "/a",
                "/system.slice/" + one(UNITS),
                "/system.slice/" + one(UNITS) + "/a/b.service",
                "/user.slice/user-1.slice/user@1.service/app.slice/" + one(UNITS)));
    CgroupPlace place = CgroupPlace.of(List.of("0::" + path));
    boolean provesUnit = !place.unit().isEmpty() && !Launchers.DEFAULTS.contains(place.unit());
    return new PeerProcess(
        uid, one(IDS), 7, place, provesUnit, false, uid == 0, new HashSet<>(some(IDS)), "prog");
  }

  private static TestPolicyRequest ask(Peer peer, String name) {
    TestPolicyRequest.Builder ask =
        TestPolicyRequest.newBuilder().setUid(peer.uid()).addGids(peer.gid()).setName(name);
    boolean isUnit = peer.owner().kind() == Owner.Kind.UNIT;
    return ask.addAllGids(peer.groups())
        .setUnit(isUnit ? peer.service() : "")
        .setClaim(isUnit ? "" : peer.service())
        .setCgroup(peer.cgroup())
        .build();
  }

  private static boolean passes(Runnable call) {
    try {
      call.run();
      return true;
    } catch (MetakeyException refused) {
      return false;
    }
  }

  @Test
  void answer_whoeverIsMeant_isWhatACallMeets() {
    for (int i = 0; i < ROUNDS; i++) {
      Rules rules = rules();
      Peer peer = process().peer(one(List.of("edge", "edge-a", "a")));
      String name = one(NAMES);
      TestPolicyRequest question = ask(peer, name);

      TestPolicyResponse said = PolicyTests.answer(question, rules, Launchers.DEFAULTS, EMPTY);

      assertThat(said.getRule())
          .as("%s", question)
          .isEqualTo(rules.policy().ruleFor(peer).toString());
      assertThat(said.getBornAdmin()).isEqualTo(rules.isBornAdmin(peer));
      assertThat(said.getIds()).isEqualTo(rules.policy().ruleFor(peer).quota().ids());
      List<String> met =
          Stream.of(Right.values())
              .filter(right -> passes(() -> rules.require(peer, right, List.of(name))))
              .map(Right::toString)
              .toList();
      assertThat(said.getRightsList()).as("%s by %s", question, said).isEqualTo(met);
    }
  }

  @Test
  void answer_whenTheUnitRunsOtherPeoplesProcesses_saysThatItProvesNothing() {
    TestPolicyRequest cron = TestPolicyRequest.newBuilder().setUnit("cron.service").build();
    assertThatThrownBy(
            () ->
                PolicyTests.answer(
                    cron, new Rules(1, 990, Policy.DEFAULT, ""), Launchers.DEFAULTS, EMPTY))
        .hasMessageContaining("'cron.service' runs other people's processes");
  }

  /** A connection counts before anybody has claimed anything on it. */
  @Test
  void quota_beforeAnythingIsClaimed_isOfNoRuleAboutClaims() {
    PeerMatch claims =
        new PeerMatch(Set.of(), Set.of(), Set.of(), List.of(), List.of("*"), List.of());
    Quota few = new Quota(1, 1, 1, 1, 1, 1);
    PolicyRule rule = new PolicyRule("claims", "c.yaml:1", claims, Map.of(), few);
    Rules rules = new Rules(1, 990, Policy.of(List.of(rule)), "");
    PeerProcess process =
        new PeerProcess(1000, 1, 7, CgroupPlace.NOWHERE, false, false, false, Set.of(), "unnamed");

    assertThat(process.quota(peer -> rules.policy().ruleFor(peer).quota())).isNotEqualTo(few);
    assertThat(rules.policy().ruleFor(process.peer("x")).quota()).isEqualTo(few);
  }
}
