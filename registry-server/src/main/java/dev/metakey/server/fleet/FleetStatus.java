package dev.metakey.server.fleet;

import java.util.List;

/**
 * How a host and its fleet get on.
 *
 * @param sinceMs since when it is connected, or is not, milliseconds since 1970
 * @param why it is not connected, or has not joined; empty if it is and has
 * @param revision of the store, when it was last read
 * @param fleetId empty if nothing is known of the fleet
 * @param hosts how many have joined, as counted last
 * @param names what the host knows of the fleet
 * @param plan what the names of the fleet that the host has are to the fleet
 * @param problems what is wrong
 */
public record FleetStatus(
    boolean connected,
    long sinceMs,
    String why,
    boolean joined,
    long revision,
    String fleetId,
    int hosts,
    List<FleetNameLine> names,
    List<FleetPlan> plan,
    List<String> problems) {
  public FleetStatus {
    names = List.copyOf(names);
    plan = List.copyOf(plan);
    problems = List.copyOf(problems);
  }
}
