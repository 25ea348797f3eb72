package dev.metakey.model;

/** What became of a host in its fleet, or of a name there. */
public enum FleetEventKind {
  /** Something that this version has no word for, told by a newer daemon. */
  OTHER,
  /** The host joined. */
  FLEET_JOINED,
  /** Something keeps the host from joining, or from being there any longer. */
  FLEET_REFUSED,
  /** The fleet gave a name its id and slot, or others than before. */
  FLEET_PLACED,
  /** No host holds the name any more. */
  FLEET_RETIRED,
  /** An admin moved a field of the host to the id and slot that the fleet has. */
  FLEET_ADOPTED,
  /** An admin had the fleet forget a host. */
  FLEET_FORGOT,
  /** What etcd says is not what the host knows, or cannot be. */
  FLEET_CONTRADICTED;

  /** The name in lower case. */
  @Override
  public String toString() {
    return Words.lower(this);
  }
}
