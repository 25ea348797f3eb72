package dev.metakey.server.engine;

import dev.metakey.model.Peer;
import dev.metakey.server.domain.Quota;

/** Which part of a limit a peer may have. */
@FunctionalInterface
public interface Shares {
  /** Whether it may use the reserve. */
  boolean isAdmin(Peer peer);

  /** What the policy gives its uid; {@link Quota#AS_LIMITED} if it says nothing about it. */
  default int quota(Peer peer) {
    return Quota.AS_LIMITED;
  }
}
