package dev.metakey.server.fleet;

/**
 * A host of a fleet.
 *
 * @param sinceMs when it joined, milliseconds since 1970
 */
public record FleetHostLine(String name, String registryId, String version, long sinceMs) {}
