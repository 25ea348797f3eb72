package dev.metakey.server.config;

import dev.metakey.model.Names;
import dev.metakey.server.domain.PeerMatch;
import dev.metakey.server.domain.Policy;
import dev.metakey.server.domain.PolicyRule;
import dev.metakey.server.domain.Prefixes;
import dev.metakey.server.domain.Quota;
import dev.metakey.server.domain.Right;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the section {@code policy} of {@code metakeyd.yaml}; docs/policy.md explains it:
 *
 * <pre>
 *   policy:
 *     - rule: edge
 *       unit: edge-*.service
 *       allow:
 *         read: all
 *         register: [edge., trace.id]
 *       quota: {ids: 16, slot_bytes: 64}
 * </pre>
 */
final class PolicySection {
  private static final List<String> CONDITIONS = List.of("uid", "gid", "unit", "claim", "cgroup");
  private static final List<String> KEYS =
      List.of("rule", "uid", "gid", "unit", "claim", "cgroup", "allow", "quota");
  private static final List<String> RIGHTS =
      Arrays.stream(Right.values()).map(Right::toString).toList();
  private static final List<String> QUOTAS =
      List.of("ids", "slot_bytes", "waits", "watches", "connections", "calls_a_second");
  private static final int MANY = 1_000_000;
  private static final int MAX_NAME = 64;

  private PolicySection() {}

  /** The policy that the config has; what is wrong is noted there. */
  static Policy read(YamlMap config) {
    List<PolicyRule> rules = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (YamlMap entry : config.maps("policy", KEYS)) {
      PolicyRule rule = rule(entry);
      if (!names.add(rule.name())) {
        entry.note("rule", "there is another rule %s above".formatted(Names.quote(rule.name())));
      }
      rules.add(rule);
    }
    return Policy.of(rules);
  }

  private static PolicyRule rule(YamlMap entry) {
    String name = "";
    if (entry.has("rule")) {
      name = entry.get("rule", "", PolicySection::name);
    } else {
      entry.note("rule", "key 'rule' is missing; it gives the rule its name");
    }
    return new PolicyRule(name, entry.place(), match(entry), allowed(entry), quota(entry));
  }

  private static String name(String word) {
    if (word.isBlank()
        || word.length() > MAX_NAME
        || word.chars().anyMatch(c -> c < ' ' || c > '~' || c == '\'')) {
      throw new IllegalArgumentException(
          "a name has 1 to %d printable ASCII characters, and no '".formatted(MAX_NAME));
    }
    return word;
  }

  private static PeerMatch match(YamlMap entry) {
    Set<Integer> gids = new HashSet<>();
    Set<String> groups = new HashSet<>();
    for (String group : entry.valueOrList("gid", PolicySection::group)) {
      if (isNumber(group)) {
        gids.add(id(group));
      } else {
        groups.add(group);
      }
    }
    for (String condition : CONDITIONS) {
      if (entry.isEmptyList(condition)) {
        entry.note(
            condition, "the list is empty, so nobody could meet it; leave it out, or say whom");
      }
    }
    return new PeerMatch(
        new HashSet<>(entry.valueOrList("uid", PolicySection::id)),
        gids,
        groups,
        entry.valueOrList("unit", PolicySection::unit),
        entry.valueOrList("claim", PolicySection::pattern),
        entry.valueOrList("cgroup", PolicySection::cgroup));
  }

  private static boolean isNumber(String word) {
    return !word.isEmpty() && word.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static int id(String word) {
    if (!isNumber(word)) {
      throw new IllegalArgumentException(
          "%s is not a number; 'id -u USER' prints the one of a user".formatted(Names.quote(word)));
    }
    return (int) ConfigFile.number(word, 0, 0xffff_fffeL);
  }

  private static String group(String word) {
    if (isNumber(word)) {
      return Integer.toUnsignedString(id(word));
    }
    if (!word.matches("[A-Za-z_][A-Za-z0-9_.$-]*")) {
      throw new IllegalArgumentException(
          "%s is neither the number nor the name of a group".formatted(Names.quote(word)));
    }
    return word;
  }

  private static String unit(String word) {
    if (!pattern(word).endsWith(Names.UNIT_SUFFIX) && !word.endsWith("*")) {
      throw new IllegalArgumentException(
          "%s is no service unit; write names like edge.service or edge-*.service"
              .formatted(Names.quote(word)));
    }
    return word;
  }

  private static String cgroup(String word) {
    if (!word.startsWith("/") && !word.startsWith("*")) {
      throw new IllegalArgumentException(
          "%s is no path of a cgroup; write one like /kubepods.slice/*"
              .formatted(Names.quote(word)));
    }
    return pattern(word);
  }

  private static String pattern(String word) {
    if (word.isEmpty()) {
      throw new IllegalArgumentException(
          "it is empty; write a name, in which * stands for anything");
    }
    return word;
  }

  private static Map<Right, Prefixes> allowed(YamlMap entry) {
    Map<Right, Prefixes> allowed = new EnumMap<>(Right.class);
    if (!entry.has("allow")) {
      entry.note("allow", "key 'allow' is missing; 'allow: none' allows nothing");
    } else if (entry.isValue("allow")) {
      if (entry.get("allow", true, PolicySection::allOrNone)) {
        for (Right right : Right.values()) {
          if (right != Right.ADMIN) {
            allowed.put(right, Prefixes.ALL);
          }
        }
      }
    } else {
      YamlMap rights = entry.map("allow", RIGHTS);
      for (Right right : Right.values()) {
        allowed.put(right, prefixes(rights, right));
      }
    }
    return allowed;
  }

  private static boolean allOrNone(String word) {
    if (!word.equals("all") && !word.equals("none")) {
      throw new IllegalArgumentException(
          "%s is neither 'all' (but admin) nor 'none'; or give rights: %s"
              .formatted(Names.quote(word), RIGHTS));
    }
    return word.equals("all");
  }

  private static Prefixes prefixes(YamlMap rights, Right right) {
    String key = right.toString();
    List<String> words = rights.valueOrList(key, PolicySection::prefix);
    if (words.contains("all") || words.contains("none")) {
      if (words.size() > 1) {
        rights.note(key, "'all' and 'none' stand alone");
      }
      return words.get(0).equals("all") ? Prefixes.ALL : Prefixes.NONE;
    }
    if (right == Right.LINK && !words.isEmpty()) {
      rights.note(
          key,
          "there is one tag for all names, so whoever may link anything may link everything; write all or none");
    }
    return new Prefixes(false, words);
  }

  static String prefix(String word) {
    if (!word.matches("[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)*\\.?")) {
      throw new IllegalArgumentException(
          "%s begins no name; write all, none, a name like edge.packet_id, or what names begin with, like edge."
              .formatted(Names.quote(word)));
    }
    return word;
  }

  private static Quota quota(YamlMap entry) {
    YamlMap quota = entry.map("quota", QUOTAS);
    Quota usual = Quota.DEFAULT;
    return new Quota(
        quota.get("ids", usual.ids(), w -> (int) ConfigFile.number(w, 0, 64)),
        quota.get("slot_bytes", usual.slotBytes(), w -> (int) ConfigFile.number(w, 0, 200)),
        quota.get("waits", usual.waits(), PolicySection::count),
        quota.get("watches", usual.watches(), PolicySection::count),
        quota.get("connections", usual.connections(), PolicySection::count),
        quota.get("calls_a_second", usual.callsPerSecond(), PolicySection::count));
  }

  private static int count(String word) {
    return (int) ConfigFile.number(word, 0, MANY);
  }
}
