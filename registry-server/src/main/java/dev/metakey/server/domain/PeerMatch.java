package dev.metakey.server.domain;

import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Whom a rule is about: those who meet every condition that it has. A condition with several values
 * is met by any of them; one without values is no condition. In patterns, {@code *} stands for
 * anything.
 *
 * @param gids any group of the peer, also a supplementary one
 * @param groups the same by name, which count once {@link #lookedUp} has found their ids
 * @param groupGids those ids
 * @param units patterns; only a unit that the kernel proves
 * @param claims patterns; what a peer says it is, which proves nothing
 * @param cgroups patterns of the path of its cgroup
 */
public record PeerMatch(
    Set<Integer> uids,
    Set<Integer> gids,
    Set<String> groups,
    Set<Integer> groupGids,
    List<String> units,
    List<String> claims,
    List<String> cgroups) {
  /** Everybody. */
  public static final PeerMatch EVERYBODY =
      new PeerMatch(Set.of(), Set.of(), Set.of(), List.of(), List.of(), List.of());

  /** Conditions of which no group was looked up yet. */
  public PeerMatch(
      Set<Integer> uids,
      Set<Integer> gids,
      Set<String> groups,
      List<String> units,
      List<String> claims,
      List<String> cgroups) {
    this(uids, gids, groups, Set.of(), units, claims, cgroups);
  }

  public PeerMatch {
    uids = Set.copyOf(uids);
    gids = Set.copyOf(gids);
    groups = Set.copyOf(groups);
    groupGids = Set.copyOf(groupGids);
    units = List.copyOf(units);
    claims = List.copyOf(claims);
    cgroups = List.copyOf(cgroups);
  }

  static PeerMatch group(String name) {
    return new PeerMatch(Set.of(), Set.of(), Set.of(name), List.of(), List.of(), List.of());
  }

  /**
   * The same conditions, with the ids of the groups that have names.
   *
   * @param gidOf gives a negative number for a group that there is not
   */
  PeerMatch lookedUp(ToIntFunction<String> gidOf) {
    Set<Integer> found = new HashSet<>();
    for (String group : groups) {
      int gid = gidOf.applyAsInt(group);
      if (gid >= 0) {
        found.add(gid);
      }
    }
    return new PeerMatch(uids, gids, groups, found, units, claims, cgroups);
  }

  boolean matches(Peer peer) {
    return failure(peer) == null;
  }

  /** The first condition that the peer does not meet; null if it meets all. */
  @Nullable String failure(Peer peer) {
    Owner owner = peer.owner();
    boolean isUnit = owner.kind() == Owner.Kind.UNIT;
    if (!uids.isEmpty() && !uids.contains(peer.uid())) {
      return "uid";
    }
    if (hasGroups() && !isInGroup(peer)) {
      return "gid";
    }
    if (!units.isEmpty() && !(isUnit && any(units, owner.service()))) {
      return "unit";
    }
    boolean claimsNothing = isUnit || owner.service().isEmpty();
    if (!claims.isEmpty() && (claimsNothing || !any(claims, owner.service()))) {
      return "claim";
    }
    return cgroups.isEmpty() || any(cgroups, peer.cgroup()) ? null : "cgroup";
  }

  private boolean hasGroups() {
    return !gids.isEmpty() || !groups.isEmpty();
  }

  private boolean isInGroup(Peer peer) {
    return isInOneOf(gids, peer) || isInOneOf(groupGids, peer);
  }

  private static boolean isInOneOf(Set<Integer> gids, Peer peer) {
    for (Integer gid : gids) {
      if (gid == peer.gid() || peer.groups().contains(gid)) {
        return true;
      }
    }
    return false;
  }

  /** Whether every member of a group is meant. */
  boolean isAboutAllOf(int gid) {
    return equals(EVERYBODY) || wholeGroups().contains(gid);
  }

  /** The groups whose every member is meant; empty if there are other conditions. */
  Set<Integer> wholeGroups() {
    boolean isOnlyGroups =
        uids.isEmpty() && units.isEmpty() && claims.isEmpty() && cgroups.isEmpty();
    if (!isOnlyGroups) {
      return Set.of();
    }
    Set<Integer> all = new HashSet<>(gids);
    all.addAll(groupGids);
    return all;
  }

  private static boolean any(List<String> patterns, String text) {
    for (String pattern : patterns) {
      if (isLike(pattern, text)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the text is what the pattern says, in which each {@code *} stands for anything. */
  public static boolean isLike(String pattern, String text) {
    int at = 0;
    int in = 0;
    int star = -1;
    int resume = 0;
    while (at < text.length()) {
      if (in < pattern.length() && pattern.charAt(in) == '*') {
        star = in++;
        resume = at;
      } else if (in < pattern.length() && pattern.charAt(in) == text.charAt(at)) {
        in++;
        at++;
      } else if (star >= 0) { // let the last star stand for one character more
        in = star + 1;
        at = ++resume;
      } else {
        return false;
      }
    }
    while (in < pattern.length() && pattern.charAt(in) == '*') {
      in++;
    }
    return in == pattern.length();
  }

  /** {@code uid 1000, unit edge-*.service}, or {@code everybody}. */
  @Override
  public String toString() {
    List<String> conditions = new ArrayList<>();
    add(conditions, "uid", uids.stream().sorted(Integer::compareUnsigned).toList());
    List<Object> all = new ArrayList<>(groups.stream().sorted().toList());
    all.addAll(gids.stream().sorted(Integer::compareUnsigned).toList());
    add(conditions, "gid", all);
    add(conditions, "unit", units);
    add(conditions, "claim", claims);
    add(conditions, "cgroup", cgroups);
    return conditions.isEmpty() ? "everybody" : String.join(", ", conditions);
  }

  private static void add(List<String> conditions, String what, List<?> values) {
    if (!values.isEmpty()) {
      Predicate<Object> isId = Integer.class::isInstance;
      conditions.add(
          what
              + " "
              + String.join(
                  " or ",
                  values.stream()
                      .map(v -> isId.test(v) ? Integer.toUnsignedString((Integer) v) : v.toString())
                      .toList()));
    }
  }
}
