package dev.metakey.server.domain;

import dev.metakey.model.Peer;

/**
 * What an admin configured.
 *
 * @param quarantineMs how long a retired id is set aside, milliseconds
 * @param daemonUid the user that the daemon runs as
 */
public record Rules(long quarantineMs, int daemonUid) {
  /** Root and the daemon's own user are admins. */
  public boolean isAdmin(Peer peer) {
    return peer.uid() == 0 || peer.uid() == daemonUid;
  }
}
