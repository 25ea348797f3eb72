package dev.metakey.server.fleet;

import dev.metakey.server.domain.Prefixes;

/**
 * What a host is to know of its fleet before it asks etcd.
 *
 * @param prefixes which names are the fleet's
 * @param firstId the lowest id that the fleet hands out
 * @param lastId the highest
 * @param localWhenAway whether a new name gets an id of this host's own while etcd is away
 * @param quarantineMs how long a name that no host holds keeps its id, milliseconds; counts for the
 *     host that makes the fleet
 * @param hostNames how many of the names that the fleet has this host may have claimed
 * @param serviceNames how many names a service may have in the fleet for this host to claim another
 */
public record FleetSettings(
    String name,
    Prefixes prefixes,
    int firstId,
    int lastId,
    boolean localWhenAway,
    long quarantineMs,
    int hostNames,
    int serviceNames) {}
