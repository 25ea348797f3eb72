package dev.metakey.model;

/**
 * A host that has joined the fleet.
 *
 * @param version of its daemon
 * @param sinceMs when it joined, milliseconds since 1970
 */
public record FleetHost(String name, String registryId, String version, long sinceMs) {}
