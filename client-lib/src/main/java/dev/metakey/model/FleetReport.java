package dev.metakey.model;

import java.util.List;

/**
 * What a host knows of its fleet.
 *
 * @param names by ascending id
 * @param plan what it has itself under the fleet's names
 */
public record FleetReport(FleetStatus status, List<FleetName> names, List<FleetPlanLine> plan) {
  public FleetReport {
    names = List.copyOf(names);
    plan = List.copyOf(plan);
  }
}
