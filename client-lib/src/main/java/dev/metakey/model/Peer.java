package dev.metakey.model;

import java.util.Set;

/**
 * Who called, and what the kernel told about the process when it connected. All but the owner are
 * facts about one call.
 *
 * @param uid on the daemon's host, whatever the owner is
 * @param gid {@link #NOT_TOLD} where the reader may not know it
 * @param pid 0 where the daemon itself acted, where the kernel does not tell it, and where the
 *     reader may not know it
 * @param unit the service unit that its cgroup names, also where that proves nothing; may be empty
 * @param container the short id or the name of the container that its cgroup names; may be empty
 * @param privileged it has CAP_SYS_ADMIN in the daemon's user namespace
 * @param groups its supplementary groups; this and the cgroup are for the daemon's policy, and
 *     neither kept nor told: empty in everything that a daemon answers
 * @param cgroup the path of its cgroup
 */
public record Peer(
    Owner owner,
    int uid,
    int gid,
    int pid,
    String unit,
    String container,
    boolean privileged,
    Set<Integer> groups,
    String cgroup) {
  /** The gid of a peer whose gid the reader may not know. */
  public static final int NOT_TOLD = -1;

  /** A process of whose groups and cgroup nothing is known. */
  public Peer(
      Owner owner, int uid, int gid, int pid, String unit, String container, boolean privileged) {
    this(owner, uid, gid, pid, unit, container, privileged, Set.of(), "");
  }

  /** A process in no unit and no container, without privileges. */
  public Peer(int uid, int gid, int pid, String claim) {
    this(new Owner(uid, claim), uid, gid, pid, "", "", false);
  }

  /** The unit or the claim of the owner. */
  public String service() {
    return owner.service();
  }

  /** The same process with CAP_SYS_ADMIN. */
  public Peer withPrivileges() {
    return new Peer(owner, uid, gid, pid, unit, container, true, groups, cgroup);
  }

  /** What is kept of it. */
  public Peer recorded() {
    return groups.isEmpty() && cgroup.isEmpty()
        ? this
        : new Peer(owner, uid, gid, pid, unit, container, privileged);
  }

  /** What everybody may know: who it is, and nothing about its process. */
  public Peer publicPart() {
    return new Peer(owner, uid, NOT_TOLD, 0, "", "", false);
  }

  /** {@code edge-xdp.service (uid 0, pid 4711, container 0123456789ab)}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(service().isEmpty() ? "unnamed" : service());
    text.append(" (uid ").append(Integer.toUnsignedString(uid));
    if (owner.kind() == Owner.Kind.CONTAINER) {
      text.append(" of a container");
    }
    if (pid != 0) {
      text.append(", pid ").append(pid);
    }
    if (!container.isEmpty()) {
      text.append(", container ").append(container);
    }
    return text.append(')').toString();
  }
}
