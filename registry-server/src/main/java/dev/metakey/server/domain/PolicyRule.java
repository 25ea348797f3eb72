package dev.metakey.server.domain;

import dev.metakey.model.Peer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A rule of the policy: what those whom it is about may do, and how much they may have.
 *
 * @param name what an admin calls it
 * @param place {@code FILE:LINE}; empty for one that is built in
 * @param allowed under which names they may do what; a right that is missing is not given
 */
public record PolicyRule(
    String name, String place, PeerMatch match, Map<Right, Prefixes> allowed, Quota quota) {
  /** What admins may do whatever the policy says. No peer has its quota. */
  static final PolicyRule ADMIN =
      builtIn("admins", PeerMatch.EVERYBODY, Quota.NONE, List.of(Right.ADMIN));

  public PolicyRule {
    allowed = Map.copyOf(allowed);
  }

  /** A rule that is built in, and that allows something for all names. */
  static PolicyRule builtIn(String name, PeerMatch match, Quota quota, List<Right> rights) {
    Map<Right, Prefixes> all = new EnumMap<>(Right.class);
    rights.forEach(right -> all.put(right, Prefixes.ALL));
    return new PolicyRule(name, "", match, all, quota);
  }

  boolean matches(Peer peer) {
    return match.matches(peer);
  }

  /** Where the right holds; admins have all the others there, too. */
  private @Nullable Prefixes given(Right right) {
    return allowed.get(right);
  }

  /** Whether a name may be dealt with so. */
  public boolean allows(Right right, String name) {
    Prefixes given = given(right);
    Prefixes admin = given(Right.ADMIN);
    return (given != null && given.contains(name)) || (admin != null && admin.contains(name));
  }

  /** Whether every name may be dealt with so. */
  public boolean allowsAll(Right right) {
    Prefixes given = given(right);
    Prefixes admin = given(Right.ADMIN);
    return (given != null && given.all()) || (admin != null && admin.all());
  }

  /** Whether some name may be dealt with so. */
  public boolean allowsSome(Right right) {
    Prefixes given = given(right);
    Prefixes admin = given(Right.ADMIN);
    return (given != null && !given.isEmpty()) || (admin != null && !admin.isEmpty());
  }

  /** What it allows in words: {@code read of all names, register of edge.}. */
  public String allowedText() {
    StringBuilder text = new StringBuilder();
    for (Right right : Right.values()) {
      Prefixes given = given(right);
      if (given != null && !given.isEmpty()) {
        text.append(text.isEmpty() ? "" : ", ").append(right).append(" of ").append(given);
      }
    }
    return text.isEmpty() ? "nothing" : text.toString();
  }

  /** {@code rule 'edge' (metakeyd.yaml:12)} or {@code built-in rule 'everybody'}. */
  @Override
  public String toString() {
    return place.isEmpty()
        ? "built-in rule '%s'".formatted(name)
        : "rule '%s' (%s)".formatted(name, place);
  }
}
