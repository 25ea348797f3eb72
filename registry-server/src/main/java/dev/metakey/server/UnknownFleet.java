package dev.metakey.server;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetEvent;
import dev.metakey.model.FleetHost;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.engine.FleetDesk;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Stands for the fleet of a host that has started read-only, and so takes part in none.
 *
 * @param why it is read-only
 */
record UnknownFleet(String why) implements FleetDesk {
  private MetakeyException refusal() {
    return new MetakeyException(
        Reason.READ_ONLY,
        "metakeyd has started read-only, so this host takes part in no fleet, whatever its config says of one: "
            + why,
        Map.of());
  }

  @Override
  public CompletableFuture<Void> claim(List<FieldSpec> specs, String service) {
    return CompletableFuture.failedFuture(refusal());
  }

  @Override
  public FleetStatus status() {
    throw refusal();
  }

  @Override
  public Map<String, Long> claims() {
    return Map.of();
  }

  @Override
  public List<FleetPlanLine> plan() {
    throw refusal();
  }

  @Override
  public CompletableFuture<List<FleetPlanLine>> join() {
    throw refusal();
  }

  @Override
  public CompletableFuture<Integer> forget(String host, Peer peer) {
    throw refusal();
  }

  @Override
  public void adopted(Field field, Peer peer) {
    throw refusal();
  }

  @Override
  public List<FleetEvent> events() {
    return List.of();
  }

  @Override
  public CompletableFuture<List<FleetHost>> hosts() {
    throw refusal();
  }

  @Override
  public CompletableFuture<String> export() {
    throw refusal();
  }
}
