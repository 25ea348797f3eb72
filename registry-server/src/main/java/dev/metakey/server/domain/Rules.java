package dev.metakey.server.domain;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import java.util.List;
import java.util.Map;

/**
 * What an admin configured.
 *
 * @param quarantineMs how long a retired id is set aside, milliseconds
 * @param daemonUid the user that the daemon runs as
 * @param policy who may do what
 * @param readOnly why nothing may be changed, and what an admin does about it; empty if changes are
 *     allowed
 * @param fleet which names have their ids from a fleet of hosts, and which
 */
public record Rules(long quarantineMs, int daemonUid, Policy policy, String readOnly, Fleet fleet) {
  /** Rules for a host that belongs to no fleet. */
  public Rules(long quarantineMs, int daemonUid, Policy policy, String readOnly) {
    this(quarantineMs, daemonUid, policy, readOnly, Fleet.NONE);
  }

  /** Rules under which everybody may use the registry. */
  public Rules(long quarantineMs, int daemonUid) {
    this(quarantineMs, daemonUid, Policy.OPEN, "");
  }

  /**
   * Whether the peer is an admin of the whole registry: root of the host, the daemon's own user, or
   * whom the policy makes one.
   */
  public boolean isAdmin(Peer peer) {
    return ruleFor(peer).allowsAll(Right.ADMIN);
  }

  /** These rules, with another reason why nothing may be changed; empty if changes are allowed. */
  public Rules readOnly(String why) {
    return new Rules(quarantineMs, daemonUid, policy, why, fleet);
  }

  /** These rules, with another policy and another quarantine. */
  public Rules with(Policy otherPolicy, long otherQuarantineMs) {
    return new Rules(otherQuarantineMs, daemonUid, otherPolicy, readOnly, fleet);
  }

  /** These rules, with what is known of the fleet now. */
  public Rules with(Fleet otherFleet) {
    return new Rules(quarantineMs, daemonUid, policy, readOnly, otherFleet);
  }

  /**
   * The daemon's own user is an admin, and so is root with CAP_SYS_ADMIN in the daemon's user
   * namespace: no policy takes that from them. Root of a container is an ordinary uid.
   */
  public boolean isBornAdmin(Peer peer) {
    return peer.uid() == 0 ? peer.privileged() : peer.uid() == daemonUid;
  }

  /**
   * What the peer may do: the rule that decides about it, or one that allows everything. Looking
   * for it is the costly part, so whoever asks about several names asks this once.
   */
  public PolicyRule ruleFor(Peer peer) {
    return isBornAdmin(peer) ? PolicyRule.ADMIN : policy.ruleFor(peer);
  }

  /** Whether the peer may do something to a name. */
  boolean allow(Peer peer, Right right, String name) {
    return ruleFor(peer).allows(right, name);
  }

  /** Whether the peer may do something to some name. */
  public boolean allowSome(Peer peer, Right right) {
    return ruleFor(peer).allowsSome(right);
  }

  /**
   * @throws MetakeyException NOT_PERMITTED, unless the peer may do it to each of the names
   */
  public void require(Peer peer, Right right, List<String> names) {
    PolicyRule rule = ruleFor(peer);
    for (String name : names) {
      if (!rule.allows(right, name)) {
        throw Refusals.notAllowed(peer, right, name, rule);
      }
    }
  }

  /**
   * @throws MetakeyException NOT_PERMITTED, unless the peer may read all names: a watch tells of
   *     all
   */
  public void requireWatch(Peer peer) {
    PolicyRule rule = ruleFor(peer);
    if (!rule.allowsAll(Right.READ)) {
      throw Refusals.notWatching(peer, rule);
    }
  }

  /**
   * @throws MetakeyException NOT_PERMITTED, unless the peer is an admin of all names
   */
  public void requireAdmin(Peer peer, String what) {
    PolicyRule rule = ruleFor(peer);
    if (!rule.allowsAll(Right.ADMIN)) {
      throw notAdmin(peer, what, rule);
    }
  }

  /**
   * @throws MetakeyException NOT_PERMITTED, unless the peer is an admin of the name
   */
  void requireAdmin(Peer peer, String what, String name) {
    PolicyRule rule = ruleFor(peer);
    if (!rule.allows(Right.ADMIN, name)) {
      throw notAdmin(peer, what, rule);
    }
  }

  private MetakeyException notAdmin(Peer peer, String what, PolicyRule rule) {
    return new MetakeyException(
        Reason.NOT_PERMITTED,
        "%s is for admins: root of this host (uid 0 with CAP_SYS_ADMIN), the user that metakeyd runs as (uid %s), and whom the policy makes one; you are %s, and %s allows %s"
            .formatted(what, Integer.toUnsignedString(daemonUid), peer, rule, rule.allowedText()),
        Map.of("uid", Integer.toUnsignedString(peer.uid()), "rule", rule.toString()));
  }
}
