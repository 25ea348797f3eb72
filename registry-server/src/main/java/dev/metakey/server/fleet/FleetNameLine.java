package dev.metakey.server.fleet;

import dev.metakey.server.domain.FleetField;

/**
 * A name of a fleet.
 *
 * @param host which claimed it
 * @param claimedAtMs when, by its clock, milliseconds since 1970
 * @param retiredAtMs since when no host holds it; 0 while one does
 */
public record FleetNameLine(FleetField field, String host, long claimedAtMs, long retiredAtMs) {}
