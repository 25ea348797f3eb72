package dev.metakey.server.engine;

import dev.metakey.model.Peer;
import dev.metakey.server.domain.Quota;
import dev.metakey.server.domain.Rules;
import java.util.function.Supplier;

/** Shares as the policy of the moment gives them. */
public record PolicyShares(Supplier<Rules> rules) implements Shares {
  @Override
  public boolean isAdmin(Peer peer) {
    return rules.get().isAdmin(peer);
  }

  @Override
  public Quota quota(Peer peer) {
    return rules.get().policy().ruleFor(peer).quota();
  }

  @Override
  public String rule(Peer peer) {
    return rules.get().policy().ruleFor(peer).toString();
  }

  @Override
  public Object generation() {
    return rules.get();
  }
}
