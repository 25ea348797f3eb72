package dev.metakey.model;

/**
 * What the fleet has for a name.
 *
 * @param spec without a ttl, which is each host's own
 * @param slot 0 in the packed layout
 * @param service who registered it: a unit's name, or a claim
 * @param generation how many names have had the id in this fleet
 * @param retired whether no host holds it any more
 */
public record FleetName(
    FieldSpec spec, int id, int slot, String service, int generation, boolean retired) {}
