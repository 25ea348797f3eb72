package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import dev.metakey.model.Sharing;
import java.util.List;
import java.util.Map;

/**
 * Moves a field of this host to the id and slot that the fleet has for its name. The id that it had
 * is free at once, so no loaded program may be linked to either. For admins. Idempotent.
 */
public record FleetAdopt(String name) implements Command<Field> {
  /**
   * @throws MetakeyException INVALID_NAME
   */
  public FleetAdopt {
    Names.checkOwn(name);
  }

  @Override
  public Field decide(Draft draft) {
    draft.requireAdmin("fleet adopt", name);
    Fleet fleet = draft.rules().fleet();
    if (!fleet.hasName(name)) {
      throw FleetRefusals.notTheFleets(fleet, name);
    }
    Field field = draft.require(name);
    FleetField wanted = fleet.live(name);
    if (!fleet.joined() || (wanted == null && fleet.away())) {
      throw FleetRefusals.away(fleet, name);
    }
    if (wanted == null) {
      throw FleetRefusals.unknown(fleet, name);
    }
    if (field.id() == wanted.id() && field.slot() == wanted.slot()) {
      return field;
    }
    requireMovable(draft, field, wanted);
    return move(draft, field, wanted);
  }

  private static void requireMovable(Draft draft, Field field, FleetField wanted) {
    Fleet fleet = draft.rules().fleet();
    Reservation reservation = field.reservation();
    if (reservation != null) {
      throw FleetRefusals.reserved(field, wanted, reservation);
    }
    if (!field.is(FieldState.ACTIVE)) {
      throw new MetakeyException(
          Reason.NOT_FOUND,
          "%s is %s here; bring it back with 'metakey undelete' first, or wait until its id is free"
              .formatted(field.name(), field.state()),
          Map.of("name", field.name(), "state", field.state().toString()));
    }
    List<Difference> differences =
        Register.mismatches(Difference.between(wanted.spec(), field.spec()));
    if (!differences.isEmpty()) {
      throw FleetRefusals.mismatch(fleet, wanted, differences);
    }
    boolean isSame =
        field.owners().isEmpty()
            || field.owners().stream()
                .anyMatch(owner -> FleetField.serviceOf(owner).equals(wanted.service()));
    boolean areShared =
        field.spec().sharing() == Sharing.SHARED && wanted.spec().sharing() == Sharing.SHARED;
    if (!isSame && !areShared) {
      throw FleetRefusals.otherService(fleet, wanted, field);
    }
    Release.requireSeen(draft);
    List<LoadedProgram> users = draft.programs().linkedTo(field.id());
    if (!users.isEmpty()) {
      throw FleetRefusals.inUse(field, users);
    }
    FleetRules.requireFree(draft, draft.snapshot().without(field), wanted);
  }

  private static Field move(Draft draft, Field field, FleetField wanted) {
    var unused = Tick.free(draft, Release.retire(draft, field, ChangeKind.RELEASED));
    Field before = draft.snapshot().byId(wanted.id());
    Field moved =
        draft.withExpiry(
            new Field.Builder(wanted.id(), field.spec(), FieldState.ACTIVE)
                .generation(before == null ? 1 : before.generation() + 1)
                .slot(wanted.slot())
                .owners(field.owners())
                .created(draft.stamp())
                .build());
    draft.change(ChangeKind.CREATED, before, moved);
    return moved;
  }
}
