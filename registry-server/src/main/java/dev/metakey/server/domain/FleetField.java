package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import java.util.BitSet;

/**
 * What a fleet knows of a name.
 *
 * @param spec without a ttl, which is each host's own
 * @param slot 0 in the packed layout
 * @param service who registered it, as {@link #serviceOf} tells
 * @param generation how many names have had the id in this fleet
 * @param retired whether no host holds it any more, so that another name may get its id
 */
public record FleetField(
    FieldSpec spec, int id, int slot, String service, int generation, boolean retired) {

  public String name() {
    return spec.name();
  }

  /** The bytes of the area that it takes, by distance from the packet. */
  public BitSet bytes() {
    return Slots.bytes(slot, spec.size());
  }

  /** Whether a field of a host is where this is. */
  public boolean isPlaceOf(Field field) {
    return field.id() == id && field.slot() == slot && field.size() == spec.size();
  }

  /** Who registered a field; empty if nobody has. */
  public static String serviceOf(Field field) {
    return field.owners().isEmpty() ? "" : serviceOf(field.owners().get(0));
  }

  /**
   * What an owner is called in a fleet, where uids differ from host to host: a unit's name, or a
   * claim. A user's own unit never looks like a unit of the system.
   */
  public static String serviceOf(Owner owner) {
    boolean isUsersUnit =
        owner.kind() != Owner.Kind.UNIT && owner.service().endsWith(Names.UNIT_SUFFIX);
    return isUsersUnit ? "user:" + owner.service() : owner.service();
  }
}
