package dev.metakey.server.engine;

import dev.metakey.model.Peer;
import dev.metakey.server.domain.Quota;
import dev.metakey.server.domain.Rules;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/** Shares as the policy of the moment gives them. */
public record PolicyShares(Supplier<Rules> rules, ToIntFunction<Quota> what) implements Shares {
  @Override
  public boolean isAdmin(Peer peer) {
    return rules.get().isAdmin(peer);
  }

  @Override
  public int quota(Peer peer) {
    return what.applyAsInt(rules.get().policy().ruleFor(peer).quota());
  }
}
