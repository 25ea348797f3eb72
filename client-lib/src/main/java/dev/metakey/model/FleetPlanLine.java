package dev.metakey.model;

/**
 * What joining the fleet does about a name of this host.
 *
 * @param id here
 * @param slot here; 0 in the packed layout
 * @param agrees whether it is, or becomes, the same here and in the fleet
 * @param verdict {@code agrees}, {@code would be claimed}, or what conflicts
 */
public record FleetPlanLine(String name, int id, int slot, boolean agrees, String verdict) {}
