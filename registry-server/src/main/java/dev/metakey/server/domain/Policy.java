package dev.metakey.server.domain;

import dev.metakey.model.Peer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * Who may do what, and how much of everything they may have: an ordered list of rules, of which the
 * first that is about a peer decides.
 *
 * @param rules in their order; the last is about everybody, so that there is always one
 */
public record Policy(List<PolicyRule> rules) {
  /** The group whose members may register and link unless the config says otherwise. */
  public static final String GROUP = "metakey";

  private static final List<Right> SERVICE =
      List.of(Right.READ, Right.REGISTER, Right.LINK, Right.RELEASE);

  private static final PeerMatch UNIT_OF_ROOT =
      new PeerMatch(Set.of(0), Set.of(), Set.of(), List.of("*"), List.of(), List.of());

  private static final PolicyRule ROOTS_UNITS =
      PolicyRule.builtIn("root's services", UNIT_OF_ROOT, Quota.DEFAULT, SERVICE);

  private static final PolicyRule MEMBERS =
      PolicyRule.builtIn("group metakey", PeerMatch.group(GROUP), Quota.DEFAULT, SERVICE);

  private static final PolicyRule EVERYBODY =
      PolicyRule.builtIn(
          "everybody", PeerMatch.EVERYBODY, Quota.DEFAULT, List.of(Right.READ, Right.RELEASE));

  /** What holds if the config says nothing: the rules that come after those of the config. */
  public static final Policy DEFAULT = new Policy(List.of(ROOTS_UNITS, MEMBERS, EVERYBODY));

  /** Everybody may use the registry, without a quota: for tests, and where nobody else calls. */
  public static final Policy OPEN =
      new Policy(List.of(PolicyRule.builtIn("open", PeerMatch.EVERYBODY, Quota.NONE, SERVICE)));

  /**
   * For a daemon whose config is wrong, so that nobody knows what was meant. Nothing can be changed
   * there anyway, and who registers what it has already is answered.
   */
  public static final Policy UNKNOWN =
      new Policy(
          List.of(
              PolicyRule.builtIn(
                  "the config is wrong",
                  PeerMatch.EVERYBODY,
                  Quota.DEFAULT,
                  List.of(Right.READ, Right.REGISTER, Right.RELEASE))));

  public Policy {
    rules = List.copyOf(rules);
  }

  /** A policy of these rules, then the built-in ones. */
  public static Policy of(List<PolicyRule> first) {
    List<PolicyRule> all = new ArrayList<>(first);
    all.addAll(DEFAULT.rules);
    return new Policy(all);
  }

  /**
   * The same policy, with the ids of the groups that it names.
   *
   * @param gidOf gives a negative number for a group that there is not
   */
  public Policy lookedUp(ToIntFunction<String> gidOf) {
    return new Policy(
        rules.stream()
            .map(
                rule ->
                    new PolicyRule(
                        rule.name(),
                        rule.place(),
                        rule.match().lookedUp(gidOf),
                        rule.allowed(),
                        rule.quota()))
            .toList());
  }

  /** The rule that decides about a peer. */
  public PolicyRule ruleFor(Peer peer) {
    for (PolicyRule rule : rules) {
      if (rule.matches(peer)) {
        return rule;
      }
    }
    throw new IllegalStateException("no rule is about " + peer); // the last one is
  }

  /** Whether every rule allows something to be done to a name, so that whoever asks may do it. */
  public boolean everybodyMay(Right right, String name) {
    return rules.stream().allMatch(rule -> rule.allows(right, name));
  }

  /** The rules that are passed over before one is about the peer, each with why. */
  public Map<PolicyRule, String> passedFor(Peer peer) {
    Map<PolicyRule, String> passed = new LinkedHashMap<>();
    for (PolicyRule rule : rules) {
      String failure = rule.match().failure(peer);
      if (failure == null) {
        break;
      }
      passed.put(rule, failure);
    }
    return passed;
  }

  /**
   * The group whose members may read what holds the tag: the first one that a rule gives the right
   * to link, unless an earlier rule about all of it, or about everybody, takes that away; -1 if
   * there is none. Rules about some of its members do not count, as a file has one group.
   */
  public int linkersGid() {
    for (PolicyRule rule : rules) {
      for (int gid : rule.match().wholeGroups()) {
        if (decidingFor(gid).allowsSome(Right.LINK)) {
          return gid;
        }
      }
    }
    return -1;
  }

  /** The first rule that is about all of a group. */
  private PolicyRule decidingFor(int gid) {
    return rules.stream().filter(rule -> rule.match().isAboutAllOf(gid)).findFirst().orElseThrow();
  }
}
