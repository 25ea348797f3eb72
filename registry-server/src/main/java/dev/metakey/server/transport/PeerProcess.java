package dev.metakey.server.transport;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Quota;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The process at the other end of a connection.
 *
 * @param pid 0 if the kernel does not tell it
 * @param place what its cgroup says
 * @param provesUnit whether being in the unit of its cgroup proves that it belongs to it
 * @param ownNamespace whether it is in another user namespace than the daemon
 * @param privileged whether it has CAP_SYS_ADMIN in the daemon's user namespace
 * @param groups its supplementary groups
 * @param program the name of what it runs; empty if that tells nothing
 */
record PeerProcess(
    int uid,
    int gid,
    int pid,
    CgroupPlace place,
    boolean provesUnit,
    boolean ownNamespace,
    boolean privileged,
    Set<Integer> groups,
    String program) {
  /** Characters that a service name may not have: see {@link Names#checkService}. */
  private static final Pattern UNSAFE = Pattern.compile("[^A-Za-z0-9@._:\\\\-]");

  private static final int MAX_CLAIM_LENGTH = 128;
  private static final int MAX_UNIT_LENGTH = 255;

  /** A process that could not be looked at: only what the socket says about it is known. */
  static PeerProcess unseen(int uid, int gid, int pid) {
    return new PeerProcess(uid, gid, pid, CgroupPlace.NOWHERE, false, false, false, Set.of(), "");
  }

  /** A process that ended before it was looked at. */
  static PeerProcess ended(int uid, int gid, int pid) {
    return new PeerProcess(uid, gid, pid, CgroupPlace.GONE, false, false, false, Set.of(), "");
  }

  /** The same process, with its supplementary groups. */
  PeerProcess in(Set<Integer> supplementary) {
    return new PeerProcess(
        uid, gid, pid, place, provesUnit, ownNamespace, privileged, supplementary, program);
  }

  /**
   * Who calls.
   *
   * @param claimed the name that the client claims for its service; null if it claims none. It
   *     counts only if the cgroup proves no unit.
   * @throws MetakeyException NOT_PERMITTED if the process ended before it was looked at,
   *     INVALID_REQUEST if it claims to be a unit
   */
  Peer peer(@Nullable String claimed) {
    if (place.ended()) {
      throw new MetakeyException(
          Reason.NOT_PERMITTED,
          "the process that opened this connection (pid %d) ended before metakeyd could look who it is; connect from the process that makes the calls"
              .formatted(pid),
          Map.of("pid", Integer.toString(pid)));
    }
    return by(() -> claimed == null ? programsName() : Names.checkClaim(claimed));
  }

  private Peer by(Supplier<String> claim) {
    return new Peer(
        owner(claim),
        uid,
        gid,
        pid,
        safe(place.unit(), MAX_UNIT_LENGTH),
        safe(place.container(), MAX_CLAIM_LENGTH),
        privileged,
        groups,
        place.path());
  }

  /** Whether it is an admin before it claims anything. */
  boolean isAdmin(Predicate<Peer> rule) {
    return !place.ended() && rule.test(by(() -> ""));
  }

  /** What the policy gives it before it claims anything. */
  Quota quota(Function<Peer, Quota> policy) {
    return place.ended() ? Quota.NONE : policy.apply(by(() -> ""));
  }

  /** Which rule of the policy that is. */
  String rule(Function<Peer, String> policy) {
    return place.ended() ? "" : policy.apply(by(() -> ""));
  }

  private Owner owner(Supplier<String> claim) {
    if (provesUnit && place.userManager() == -1) {
      return Owner.unit(safe(place.unit(), MAX_UNIT_LENGTH));
    }
    boolean isUsersUnit = provesUnit && place.userManager() == uid;
    String service = isUsersUnit ? safe(place.unit(), MAX_CLAIM_LENGTH) : claim.get();
    boolean changingUid = ownNamespace && !place.inUserSlice() && !place.container().isEmpty();
    return changingUid ? Owner.container(service) : new Owner(uid, service);
  }

  private String programsName() {
    String claim = safe(program, MAX_CLAIM_LENGTH);
    return claim.endsWith(Names.UNIT_SUFFIX) ? claim.replace('.', '_') : claim;
  }

  /**
   * Cgroups and executables may have any name, and whoever made them chose it; service names are
   * printed into files and on terminals, each on one line.
   */
  static String safe(String name, int maxLength) {
    String safe = UNSAFE.matcher(name).replaceAll("_");
    return safe.length() > maxLength ? safe.substring(0, maxLength) : safe;
  }
}
