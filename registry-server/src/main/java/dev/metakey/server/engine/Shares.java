package dev.metakey.server.engine;

import dev.metakey.model.Peer;
import dev.metakey.server.domain.Quota;

/** Which part of the limits a peer may have. */
@FunctionalInterface
public interface Shares {
  /** Whether it may use the reserves. */
  boolean isAdmin(Peer peer);

  /** What the policy gives its uid. */
  default Quota quota(Peer peer) {
    return Quota.NONE;
  }

  /** Which rule of the policy gives that. */
  default String rule(Peer peer) {
    return "its rule in the policy";
  }

  /** What stays the same object as long as the answers for a peer stay the same. */
  default Object generation() {
    return this;
  }
}
