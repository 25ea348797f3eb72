package dev.metakey.server.metrics;

import dev.metakey.model.FleetStatus;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Map;
import java.util.function.Supplier;

/** How this host stands to its fleet; nothing of it where it belongs to none. */
final class FleetMetrics implements MultiCollector {
  private final Supplier<FleetStatus> statuses;
  private final Supplier<Map<String, Long>> claims;

  FleetMetrics(Supplier<FleetStatus> statuses, Supplier<Map<String, Long>> claims) {
    this.statuses = statuses;
    this.claims = claims;
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
            "metakey_fleet_hosts",
            "How many hosts have joined the fleet, as counted last.",
            status.hosts())
        .counter(
            "metakey_fleet_claims",
            "Names that this host asked the fleet for, by what became of it.",
            "result",
            claims.get())
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
