package dev.metakey.server.domain;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import java.util.Map;

/**
 * What an admin configured.
 *
 * @param quarantineMs how long a retired id is set aside, milliseconds
 * @param daemonUid the user that the daemon runs as
 * @param readOnly why nothing may be changed, and what an admin does about it; empty if changes are
 *     allowed
 */
public record Rules(long quarantineMs, int daemonUid, String readOnly) {
  public Rules(long quarantineMs, int daemonUid) {
    this(quarantineMs, daemonUid, "");
  }

  /** These rules, with another reason why nothing may be changed; empty if changes are allowed. */
  public Rules readOnly(String why) {
    return new Rules(quarantineMs, daemonUid, why);
  }

  /**
   * The daemon's own user is an admin, and so is root with CAP_SYS_ADMIN in the daemon's user
   * namespace. Root of a container is an ordinary uid.
   */
  public boolean isAdmin(Peer peer) {
    return peer.uid() == 0 ? peer.privileged() : peer.uid() == daemonUid;
  }

  /**
   * @throws MetakeyException NOT_PERMITTED, unless the peer is an admin
   */
  public void requireAdmin(Peer peer, String what) {
    if (!isAdmin(peer)) {
      throw new MetakeyException(
          Reason.NOT_PERMITTED,
          "%s is for admins: root of this host (uid 0 with CAP_SYS_ADMIN), and the user that metakeyd runs as (uid %s); you are %s"
              .formatted(what, Integer.toUnsignedString(daemonUid), peer),
          Map.of("uid", Integer.toUnsignedString(peer.uid())));
    }
  }
}
