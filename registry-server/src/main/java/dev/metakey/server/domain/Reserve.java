package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Ties a name to an id and size before anybody registers it. For admins. Idempotent.
 *
 * @param spec what a registration will have to agree with: the size, and the merge rule where one
 *     is named
 * @param id 0-63
 * @param slot 0: any
 */
public record Reserve(FieldSpec spec, int id, int slot, Reservation reservation)
    implements Command<Field>, Apply.Entry {
  /**
   * @throws MetakeyException INVALID_NAME or INVALID_REQUEST
   */
  public Reserve {
    Names.checkOwn(spec.name());
    checkId(spec.name(), id);
  }

  /** Ties the name to an id, and to any slot. */
  public Reserve(FieldSpec spec, int id, Reservation reservation) {
    this(spec, id, 0, reservation);
  }

  static void checkId(String name, int id) {
    if (id < 0 || id >= Field.IDS) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "id %d for %s: ids are 0 to %d".formatted(id, name, Field.IDS - 1),
          Map.of("name", name, "id", Integer.toString(id)));
    }
  }

  @Override
  public String place() {
    return reservation.by();
  }

  @Override
  public Field decide(Draft draft) {
    draft.requireAdmin("reserve", spec.name());
    Field known = draft.snapshot().byName(spec.name());
    return known != null ? confirm(draft, known) : place(draft, draft.snapshot().byId(id));
  }

  /**
   * @throws MetakeyException ID_TAKEN, by a field or by what a loaded program is linked to
   */
  static void requireFree(Draft draft, @Nullable Field before, String name, int id) {
    if (before != null && !before.is(FieldState.FREE)) {
      throw Refusals.idTaken(before, "%s cannot have id %d".formatted(name, id));
    }
    List<LoadedProgram> linked = draft.programs().linkedTo(id);
    if (!linked.isEmpty()) {
      throw Refusals.idLinked(name, id, linked);
    }
  }

  /**
   * @param slot 0: any
   * @throws MetakeyException ID_TAKEN if the field has another id or slot
   */
  static void requireSamePlace(Field known, int id, int slot) {
    if (known.id() != id) {
      throw Refusals.idTaken(known, "%s cannot have id %d".formatted(known.name(), id));
    }
    if (slot != 0 && known.slot() != slot) {
      throw Refusals.idTaken(
          known,
          "%s cannot have slot %d, as it has %d".formatted(known.name(), slot, known.slot()));
    }
  }

  private Field place(Draft draft, @Nullable Field before) {
    // What a program hard-codes is so whatever the fleet says; it is shown as divergent.
    int wanted = reservation.foreign() ? slot : FleetRules.checkNamed(draft, spec, id, slot);
    requireFree(draft, before, spec.name(), id);
    int generations = before == null ? 0 : before.generation();
    Field reserved =
        new Field.Builder(id, spec, FieldState.RESERVED)
            // A foreign name resolves at once, so the id belongs to it from now on.
            .generation(reservation.foreign() ? generations + 1 : generations)
            .slot(Slots.place(draft, spec.name(), spec.size(), wanted))
            .reservation(reservation)
            .created(draft.stamp())
            .build();
    draft.change(ChangeKind.RESERVED, before, reserved);
    return reserved;
  }

  /** The name is known: the reservation must say the same, and is noted down if it is new. */
  private Field confirm(Draft draft, Field known) {
    requireSamePlace(known, id, slot);
    boolean mergeFits = spec.merge() == Merge.UNSPECIFIED || spec.merge() == known.spec().merge();
    if (known.size() != spec.size() || !mergeFits) {
      throw Refusals.mismatch(known, Difference.between(known.spec(), spec));
    }
    if (known.reservation() != null && known.reservation().foreign() == reservation.foreign()) {
      return known;
    }
    Field.Builder noted = known.toBuilder().reservation(reservation);
    if (known.is(FieldState.RESERVED) && reservation.foreign()) {
      noted.generation(known.generation() + 1);
    } else if (known.isForeign() && !known.is(FieldState.ACTIVE)) {
      // It resolved until now, and programs may use it still: its quarantine begins now.
      noted.state(FieldState.RETIRED).retired(draft.stamp());
    }
    Field reserved = noted.build();
    draft.change(ChangeKind.RESERVED, known, reserved);
    return reserved;
  }
}
