package dev.metakey.server.metrics;

import dev.metakey.model.FleetStatus;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.function.Supplier;

/** How this host stands to its fleet; nothing of it where it belongs to none. */
final class FleetMetrics implements MultiCollector {
  private final Supplier<FleetStatus> statuses;

  FleetMetrics(Supplier<FleetStatus> statuses) {
    this.statuses = statuses;
  }

  @Override
  public MetricSnapshots collect() {
    FleetStatus status = statuses.get();
    return new Families()
        .gauge(
            "metakey_fleet_connected",
            "Whether the etcd of this host's fleet answers (1).",
            status.connected())
        .gauge(
            "metakey_fleet_joined", "Whether this host has joined its fleet (1).", status.joined())
        .gauge(
            "metakey_fleet_names",
            "How many names the fleet has, as this host knows it.",
            status.names())
        .gauge(
            "metakey_fleet_divergent",
            "How many names of the fleet have another id or slot on this host, or are unknown to it.",
            status.divergent())
        .build();
  }
}
