package dev.metakey.server.domain;

import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Sharing;
import dev.metakey.model.Snapshot;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the fleet has to say about a name that is new on this host. What the host knows already is
 * never renumbered, whatever the fleet says.
 */
public final class FleetRules {
  private FleetRules() {}

  /**
   * What the fleet has for a name that somebody registers; null if the name gets an id of this
   * host's own.
   *
   * @throws MetakeyException MISMATCH, OWNED_BY_OTHER, FLEET_AWAY, or ID_TAKEN where the fleet's
   *     place is not free here
   */
  static @Nullable FleetField placeFor(Draft draft, FieldSpec spec) {
    Fleet fleet = draft.rules().fleet();
    if (!fleet.hasName(spec.name())) {
      return null;
    }
    FleetField known = fleet.live(spec.name());
    if (known == null || !fleet.joined()) {
      if (fleet.away() && fleet.localWhenAway()) {
        return null;
      }
      throw FleetRefusals.away(fleet, spec.name());
    }
    requireMayHave(draft, known, spec);
    requireFree(draft, draft.snapshot(), known);
    return known;
  }

  /**
   * Refuses a name that another service holds in the fleet, or that has other attributes there, as
   * this host would if it knew the name.
   *
   * @throws MetakeyException MISMATCH or OWNED_BY_OTHER
   */
  static void requireMayHave(Draft draft, FieldSpec spec) {
    FleetField known = draft.rules().fleet().live(spec.name());
    if (known != null) {
      requireMayHave(draft, known, spec);
    }
  }

  private static void requireMayHave(Draft draft, FleetField known, FieldSpec spec) {
    Fleet fleet = draft.rules().fleet();
    List<Difference> differences = Difference.between(known.spec(), spec);
    List<Difference> mismatches = Register.mismatches(differences);
    if (!mismatches.isEmpty()) {
      throw FleetRefusals.mismatch(fleet, known, mismatches);
    }
    List<Difference> unshared = Register.unshared(differences);
    boolean isSame = known.service().equals(FleetField.serviceOf(draft.caller()));
    boolean isShared = known.spec().sharing() == Sharing.SHARED && unshared.isEmpty();
    if (!isSame && !isShared) {
      throw FleetRefusals.ownedByOther(fleet, known, draft.caller(), unshared);
    }
  }

  /**
   * The fields that the fleet has to be asked for, as neither this host nor what it knows of the
   * fleet has them.
   */
  public static List<FieldSpec> unclaimed(Snapshot snapshot, Fleet fleet, List<FieldSpec> fields) {
    return fields.stream()
        .filter(spec -> snapshot.byName(spec.name()) == null)
        .filter(spec -> fleet.hasName(spec.name()) && fleet.live(spec.name()) == null)
        .toList();
  }

  /**
   * @param snapshot what has to leave the place free
   * @throws MetakeyException ID_TAKEN
   */
  static void requireFree(Draft draft, Snapshot snapshot, FleetField wanted) {
    Fleet fleet = draft.rules().fleet();
    Field holder = snapshot.byId(wanted.id());
    if (holder != null && !holder.is(FieldState.FREE)) {
      throw FleetRefusals.taken(fleet, wanted, holder);
    }
    BitSet bytes = wanted.bytes();
    for (Field field : snapshot.records()) {
      if (bytes.intersects(Slots.bytes(field.slot(), field.size()))) {
        throw FleetRefusals.taken(fleet, wanted, field);
      }
    }
    if (!Slots.isFree(snapshot, wanted.slot(), wanted.spec().size())) {
      throw FleetRefusals.noSuchSlot(fleet, wanted);
    }
    List<LoadedProgram> linked = draft.programs().linkedTo(wanted.id());
    if (!linked.isEmpty() || bytes.intersects(draft.programs().linkedBytes())) {
      throw FleetRefusals.linked(fleet, wanted, linked);
    }
  }

  /**
   * Checks the id and slot that an admin or a file names for a name that is new here.
   *
   * @param slot 0: any
   * @return the slot that the fleet has for it; {@code slot} if the fleet has nothing to say
   * @throws MetakeyException ID_TAKEN or MISMATCH
   */
  static int checkNamed(Draft draft, FieldSpec spec, int id, int slot) {
    Fleet fleet = draft.rules().fleet();
    if (fleet.isNone()) {
      return slot;
    }
    if (!fleet.hasName(spec.name())) {
      if (fleet.hasId(id)) {
        throw FleetRefusals.fleetsId(fleet, spec.name(), id);
      }
      return slot;
    }
    FleetField known = fleet.live(spec.name());
    if (known == null) {
      throw FleetRefusals.unclaimed(fleet, spec.name(), id);
    }
    if (known.id() != id || (slot != 0 && known.slot() != slot)) {
      throw FleetRefusals.otherId(
          fleet, known, "%s cannot have id %d here".formatted(spec.name(), id));
    }
    List<Difference> differences =
        Register.mismatches(Difference.between(known.spec(), spec)).stream()
            .filter(d -> !isUnsaid(spec, d))
            .toList();
    if (!differences.isEmpty()) {
      throw FleetRefusals.mismatch(fleet, known, differences);
    }
    return known.slot();
  }

  /** Whether a reservation leaves the merge rule open. */
  private static boolean isUnsaid(FieldSpec spec, Difference difference) {
    return difference.attribute().equals("merge") && spec.merge() == Merge.UNSPECIFIED;
  }
}
