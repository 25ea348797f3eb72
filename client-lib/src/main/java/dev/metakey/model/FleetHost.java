package dev.metakey.model;

/**
 * A host that has joined the fleet.
 *
 * @param host its name
 * @param registryId of its registry
 * @param version of its daemon
 * @param sinceMs when it joined, milliseconds since 1970
 * @param holds how many names it holds
 * @param self whether it is this host
 */
public record FleetHost(
    String host, String registryId, String version, long sinceMs, int holds, boolean self) {}
