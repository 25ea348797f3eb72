package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.EDGE_AS_ROOT;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyTest {
  private static final int METAKEY = 800;
  private static final Policy STANDARD =
      Policy.DEFAULT.lookedUp(group -> group.equals("metakey") ? METAKEY : -1);
  private static final Peer UNIT_OF_ROOT =
      new Peer(Owner.unit("edge.service"), 0, 0, 7, "edge.service", "", false);
  private static final Peer UNIT_OF_USER =
      new Peer(Owner.unit("edge.service"), 990_000, 1, 7, "edge.service", "", false);

  private static Peer member(int uid) {
    return new Peer(new Owner(uid, "m"), uid, uid, 7, "", "", false, Set.of(7, METAKEY), "/a/b");
  }

  private static PolicyRule rule(String name, PeerMatch match, Map<Right, Prefixes> allowed) {
    return new PolicyRule(name, "c.yaml:3", match, allowed, Quota.DEFAULT);
  }

  private static PeerMatch uid(int uid) {
    return new PeerMatch(Set.of(uid), Set.of(), Set.of(), List.of(), List.of(), List.of());
  }

  private static Prefixes under(String... prefixes) {
    return new Prefixes(false, List.of(prefixes));
  }

  private static Given host(PolicyRule... rules) {
    return Given.host().under(Policy.of(List.of(rules)));
  }

  @Test
  void register_byDefault_isForRootItsServicesAndTheGroup() {
    Given host = Given.host().under(STANDARD);
    host.with(ROOT, FieldSpec.of("a", 2))
        .with(EDGE_AS_ROOT, FieldSpec.of("b", 2))
        .with(UNIT_OF_ROOT, FieldSpec.of("c", 2))
        .with(member(1000), FieldSpec.of("d", 2))
        .with(new Peer(1001, METAKEY, 7, "x"), FieldSpec.of("e", 2))
        .with(new Peer(Given.DAEMON_UID, 1, 7, "x"), FieldSpec.of("f", 2));

    Peer rootOfContainer = new Peer(0, 0, 7, "web");
    for (Peer stranger : List.of(EDGE, rootOfContainer, UNIT_OF_USER)) {
      MetakeyException refusal = host.refused(Reason.NOT_PERMITTED, stranger, FieldSpec.of("z", 2));
      assertThat(refusal)
          .hasMessageContaining("you may not register z")
          .hasMessageContaining("built-in rule 'everybody' allows read of all names")
          .hasMessageContaining("usermod -aG metakey");
      assertThat(refusal.facts())
          .containsEntry("rule", "built-in rule 'everybody'")
          .containsEntry("right", "register");
    }
  }

  @Test
  void readAndWatch_byDefault_areForEverybody() {
    Rules rules = new Rules(1, 990, STANDARD, "");
    rules.require(EDGE, Right.READ, List.of("any.name"));
    rules.requireWatch(EDGE);
    assertThat(rules.ruleFor(EDGE).allowsAll(Right.LINK)).isFalse();
    assertThat(rules.ruleFor(member(1000)).allowsAll(Right.LINK)).isTrue();
    assertThat(STANDARD.linkersGid()).isEqualTo(METAKEY);
  }

  @Test
  void rules_whenSeveralAreAboutAPeer_countInTheirOrder() {
    Given host =
        host(
            rule("banned", uid(1000), Map.of()),
            rule("edge", uid(1000), Map.of(Right.REGISTER, Prefixes.ALL)));

    assertThat(host.refused(Reason.NOT_PERMITTED, EDGE, FieldSpec.of("edge.id", 8)))
        .hasMessageContaining("rule 'banned' (c.yaml:3) allows nothing");
  }

  @Test
  void register_whenOneNameOfSeveralIsNotAllowed_isRefusedWhole() {
    Given host = host(rule("edge", uid(1000), Map.of(Right.REGISTER, under("edge.", "trace.id"))));
    host.with(EDGE, FieldSpec.of("edge.id", 8), FieldSpec.of("trace.id", 2));
    host.with(EDGE, FieldSpec.of("trace.id.sub", 2));

    for (String name : List.of("edge", "edges.id", "trace", "trace.idle", "x")) {
      host.refused(Reason.NOT_PERMITTED, EDGE, FieldSpec.of("edge.id", 8), FieldSpec.of(name, 8));
    }
  }

  @Test
  void release_whenItIsNotAllowed_isRefusedToItsOwner() {
    Given host = host(rule("edge", uid(1000), Map.of(Right.REGISTER, Prefixes.ALL)));
    host.with(EDGE, FieldSpec.of("edge.id", 8));

    assertThat(host.refused(Reason.NOT_PERMITTED, EDGE, new Release("edge.id", 0)))
        .hasMessageContaining("you may not release edge.id");
    host.released(ROOT, "edge.id");
  }

  @Test
  void admin_whenThePolicyMakesOne_isOneUnderItsNamesOnly() {
    Given host = host(rule("team", uid(1000), Map.of(Right.ADMIN, under("edge."))));
    host.with(ROOT, FieldSpec.of("edge.id", 8), FieldSpec.of("other.id", 8));

    host.run(EDGE, new Reserve(FieldSpec.of("edge.x", 8), 9, new Reservation(false, "me")));
    host.released(EDGE, "edge.id");
    host.run(EDGE, new Undelete("edge.id"));
    host.run(EDGE, new Transfer("edge.id", new Owner(1000, "edge")));
    host.refused(
        Reason.NOT_PERMITTED,
        EDGE,
        new Reserve(FieldSpec.of("other.x", 8), 10, new Reservation(false, "me")));
    host.refused(Reason.NOT_PERMITTED, EDGE, new Release("other.id", 0));
    host.refused(Reason.NOT_PERMITTED, EDGE, new Retag(Loaded.TAG, true));
    assertThat(new Rules(1, 0, Policy.of(List.of()), "").isAdmin(EDGE)).isFalse();
  }

  @Test
  void admin_whenThePolicyBansRoot_isStillRoot() {
    Given host = host(rule("nobody", PeerMatch.EVERYBODY, Map.of()));

    host.with(ROOT, FieldSpec.of("a", 8)).released(ROOT, "a");
  }

  @Test
  void quota_whenAUidClaimsManyNames_countsThemTogether() {
    Given host = Given.packed().under(STANDARD);
    for (int i = 0; i < 32; i++) {
      host.with(memberCalled("claim-" + i), FieldSpec.of("f" + i, 2));
    }
    host.released(memberCalled("claim-3"), "f3");

    MetakeyException refusal =
        host.refused(Reason.QUOTA_EXCEEDED, memberCalled("other"), FieldSpec.of("more", 2));
    assertThat(refusal)
        .hasMessageContaining("uid 2000 has 32 ids already")
        .hasMessageContaining("built-in rule 'group metakey' allows it 32");
    assertThat(refusal.facts()).containsEntry("limit", "32").containsEntry("used", "32");
    host.with(memberCalled("claim-3"), FieldSpec.of("f3", 2)); // it counts already
    host.with(member(2001), FieldSpec.of("more", 2));
  }

  private static Peer memberCalled(String claim) {
    return new Peer(new Owner(2000, claim), 2000, 2000, 7, "", "", false, Set.of(METAKEY), "/a/b");
  }

  @Test
  void quota_whenAServiceOfRootTakesHalfOfTheArea_endsThere() {
    Given host = Given.host().under(STANDARD).with(EDGE_AS_ROOT, Given.fields(7, 8));

    MetakeyException refusal =
        host.refused(Reason.QUOTA_EXCEEDED, EDGE_AS_ROOT, FieldSpec.of("more", 2));
    assertThat(refusal)
        .hasMessageContaining("edge.service (uid 0) has 56 bytes for slots already")
        .hasMessageContaining("raise 'slot_bytes'");
    host.with(UNIT_OF_ROOT, FieldSpec.of("unit", 8)).with(ROOT, FieldSpec.of("root", 8));
  }

  @Test
  void quota_whenAnotherBringsASharedFieldBack_countsForIt() {
    Quota one = new Quota(1, 200, 0, 0, 0, 0);
    Given host =
        Given.host()
            .under(
                Policy.of(
                    List.of(
                        new PolicyRule(
                            "few",
                            "c.yaml:1",
                            PeerMatch.EVERYBODY,
                            Map.of(Right.REGISTER, Prefixes.ALL, Right.RELEASE, Prefixes.ALL),
                            one))));
    Peer other = new Peer(1001, 1001, 7, "other");
    host.with(EDGE, FieldSpec.of("shared", 4).shared()).with(other, FieldSpec.of("own", 4));
    host.with(other, FieldSpec.of("shared", 4).shared()); // joins, and takes no id
    host.released(other, "shared").released(EDGE, "shared");

    host.refused(Reason.QUOTA_EXCEEDED, other, FieldSpec.of("shared", 4).shared());
    host.with(TRACER, FieldSpec.of("shared", 4).shared()); // of the uid that it counts for
  }

  @Test
  void match_whenItHasConditions_asksForAllOfThem() {
    PeerMatch match =
        new PeerMatch(
            Set.of(1000, 2000),
            Set.of(METAKEY),
            Set.of(),
            List.of(),
            List.of("m", "claim-*"),
            List.of("/a/*"));
    assertThat(match.failure(member(1000))).isNull();
    assertThat(match.failure(memberCalled("claim-9"))).isNull();
    assertThat(match.failure(member(1001))).isEqualTo("uid");
    assertThat(match.failure(EDGE)).isEqualTo("gid");
    assertThat(match.failure(memberCalled("x"))).isEqualTo("claim");
    assertThat(match).hasToString("uid 1000 or 2000, gid 800, claim m or claim-*, cgroup /a/*");
  }

  @Test
  void match_whenItNamesAUnit_isAboutProvenUnitsOnly() {
    PeerMatch match =
        new PeerMatch(Set.of(), Set.of(), Set.of(), List.of("edge*"), List.of(), List.of());
    assertThat(match.matches(UNIT_OF_USER)).isTrue();
    assertThat(match.matches(EDGE)).isFalse(); // claims to be edge.service
  }

  @Test
  void match_whenItsGroupDoesNotExist_isAboutNobody() {
    PeerMatch match = PeerMatch.group("missing").lookedUp(group -> -1);
    assertThat(match.matches(ROOT)).isFalse();
    assertThat(match.matches(new Peer(1, -1, 7, "gid not told"))).isFalse();
  }

  @Test
  void linkersGid_whenAnEarlierRuleTakesTheRightAway_isNone() {
    PeerMatch group =
        new PeerMatch(Set.of(), Set.of(METAKEY), Set.of(), List.of(), List.of(), List.of());
    Policy policy =
        Policy.of(List.of(rule("read only", group, Map.of(Right.READ, Prefixes.ALL))))
            .lookedUp(name -> METAKEY);
    assertThat(policy.linkersGid()).isEqualTo(-1);
  }

  @Test
  void linkersGid_whenAnEarlierRuleIsAboutEverybody_isAsThatRuleSays() {
    Policy nobody = Policy.of(List.of(rule("closed", PeerMatch.EVERYBODY, Map.of())));
    assertThat(nobody.lookedUp(name -> METAKEY).linkersGid()).isEqualTo(-1);
    Policy all =
        Policy.of(List.of(rule("open", PeerMatch.EVERYBODY, Map.of(Right.LINK, Prefixes.ALL))));
    assertThat(all.lookedUp(name -> METAKEY).linkersGid()).isEqualTo(METAKEY);
  }

  /** Its groups, which count how often a rule about a group looked at them. */
  private static final class Looked extends HashSet<Integer> {
    int times;

    @Override
    public boolean contains(Object gid) {
      times++;
      return super.contains(gid);
    }
  }

  private static Peer peer(Set<Integer> groups) {
    return new Peer(new Owner(1000, "tool"), 1000, 1000, 7, "", "", false, groups, "");
  }

  @Test
  void require_whenAskedAboutManyNames_looksForTheRuleOnce() {
    PeerMatch group =
        new PeerMatch(Set.of(), Set.of(METAKEY), Set.of(), List.of(), List.of(), List.of());
    PolicyRule below = rule("below", PeerMatch.EVERYBODY, Map.of(Right.READ, under("edge")));
    Rules rules =
        new Rules(0, 990, Policy.of(List.of(rule("members", group, Map.of()), below)), "");
    Looked groups = new Looked();
    List<String> names = IntStream.range(0, 64).mapToObj(i -> "edge.f" + i).toList();

    rules.require(peer(groups), Right.READ, names);
    assertThat(groups.times).isEqualTo(1);

    assertThatThrownBy(
            () -> rules.require(peer(groups), Right.READ, List.of("edge.a", "other", "edge.b")))
        .hasMessageContaining("other")
        .hasMessageContaining("rule 'below'");
    assertThat(groups.times).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({
    "*, anything, true",
    "*, '', true",
    "edge-*.service, edge-xdp.service, true",
    "edge-*.service, edge-.service, true",
    "edge-*.service, edge.service, false",
    "/a/*/b/*.scope, /a/x/y/b/c.scope, true",
    "/a/*/b/*.scope, /a/b/c.scope, false",
    "a*b*c, aXbXbXc, true",
    "a*b, abc, false",
    "abc, abc, true",
    "abc, ab, false",
    "'', a, false"
  })
  void isLike_standsForAnything(String pattern, String text, boolean like) {
    assertThat(PeerMatch.isLike(pattern, text)).isEqualTo(like);
  }

  @Test
  void match_whenGroupsHaveNamesAndNumbers_saysAllOfThem() {
    PeerMatch match =
        new PeerMatch(Set.of(), Set.of(7), Set.of("netops"), List.of(), List.of(), List.of())
            .lookedUp(name -> 4711);
    assertThat(match).hasToString("gid netops or 7");
    assertThat(match.wholeGroups()).containsExactlyInAnyOrder(7, 4711);
  }
}
