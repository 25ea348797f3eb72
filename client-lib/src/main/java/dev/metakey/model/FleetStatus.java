package dev.metakey.model;

import java.util.List;

/**
 * How a host stands to its fleet.
 *
 * @param joined whether the host has joined it
 * @param connected whether the fleet's etcd answers
 * @param sinceMs since when it does, or does not; wall-clock time, milliseconds since 1970
 * @param why what keeps the host from being connected, or from joining; may be empty
 * @param revision of etcd, as seen last
 * @param firstId the lowest id that the fleet hands out
 * @param lastId the highest
 * @param prefixes which names are the fleet's, in words
 * @param hosts how many have joined, as counted last
 * @param names how many names some host holds, as seen last
 * @param divergent how many names of the fleet are otherwise on this host
 */
public record FleetStatus(
    String name,
    boolean joined,
    boolean connected,
    long sinceMs,
    String why,
    long revision,
    int firstId,
    int lastId,
    String prefixes,
    int hosts,
    int names,
    int divergent,
    Quota quota,
    List<String> problems) {
  /**
   * How many names of the fleet may be whose.
   *
   * @param hostNames how many names count as claimed by the host
   * @param namesPerHost how many may
   * @param namesPerService how many a service may have claimed for this host to claim another
   */
  public record Quota(int hostNames, int namesPerHost, int namesPerService) {}

  public FleetStatus {
    problems = List.copyOf(problems);
  }

  /** The same, with what else is known of the host. */
  public FleetStatus with(int newDivergent, List<String> newProblems) {
    return new FleetStatus(
        name,
        joined,
        connected,
        sinceMs,
        why,
        revision,
        firstId,
        lastId,
        prefixes,
        hosts,
        names,
        newDivergent,
        quota,
        newProblems);
  }
}
