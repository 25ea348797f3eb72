package dev.metakey.server.engine;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Registered;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.domain.FleetRules;
import dev.metakey.server.domain.Register;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Registers fields. On a host in a fleet, names that nobody knows are claimed there first, so that
 * the writer never waits for the network.
 */
public final class Registrations {
  private final Engine engine;
  private final NameClaims claims;

  public Registrations(Engine engine, NameClaims claims) {
    this.engine = engine;
    this.claims = claims;
  }

  /**
   * As {@link Engine#submit(dev.metakey.server.domain.Command, Peer)}. Nothing is claimed that this
   * host would refuse anyway. What was claimed for a call that is then refused or cancelled is
   * given back by whoever looks after the claims.
   */
  public CompletableFuture<Reply<List<Registered>>> submit(Register command, Peer peer) {
    Fleet fleet = engine.rules().fleet();
    List<FieldSpec> unclaimed =
        fleet.isNone()
            ? List.of()
            : FleetRules.unclaimed(engine.snapshot(), fleet, command.fields());
    if (unclaimed.isEmpty()) {
      return engine.submit(command, peer);
    }
    MetakeyException refusal = engine.refusalOutsideFleet(command, peer);
    if (refusal != null) {
      return CompletableFuture.failedFuture(refusal);
    }
    return claims
        .claim(unclaimed, FleetField.serviceOf(peer.owner()))
        .thenCompose(claimed -> engine.submit(command, peer));
  }
}
