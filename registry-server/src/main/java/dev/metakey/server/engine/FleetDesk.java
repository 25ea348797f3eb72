package dev.metakey.server.engine;

import dev.metakey.model.Field;
import dev.metakey.model.FleetEvent;
import dev.metakey.model.FleetHost;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.Peer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * What this host can be asked, and told to do, about its fleet. No call waits; what needs the
 * network completes later, on any thread, or fails with {@link dev.metakey.model.MetakeyException}:
 * FLEET_AWAY if the fleet cannot be reached.
 */
public interface FleetDesk extends NameClaims {
  FleetStatus status();

  /** How many names were claimed since the start, by what became of it. */
  Map<String, Long> claims();

  /** What {@link #join} would do, from what is known now. */
  List<FleetPlanLine> plan();

  /** Joins, and tells what became of each name of this host. */
  CompletableFuture<List<FleetPlanLine>> join();

  /**
   * Drops what a host holds that will not come back.
   *
   * @param host its name or registry id
   * @param peer who wants that
   * @return how many are called so; none is dropped unless it is one
   */
  CompletableFuture<Integer> forget(String host, Peer peer);

  /** Takes note that a field was moved to the place that the fleet has for its name. */
  void adopted(Field field, Peer peer);

  /** What became of this host in its fleet, oldest first, as far back as it is kept. */
  List<FleetEvent> events();

  CompletableFuture<List<FleetHost>> hosts();

  /** Everything that etcd has of the fleet, as JSON. */
  CompletableFuture<String> export();
}
