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
 */
public record Reserve(FieldSpec spec, int id, Reservation reservation) implements Command<Field> {
  /**
   * @throws MetakeyException INVALID_NAME or INVALID_REQUEST
   */
  public Reserve {
    Names.checkOwn(spec.name());
    if (id < 0 || id >= Field.IDS) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "id %d for %s: ids are 0 to %d".formatted(id, spec.name(), Field.IDS - 1),
          Map.of("name", spec.name(), "id", Integer.toString(id)));
    }
  }

  @Override
  public Field decide(Draft draft) {
    draft.requireAdmin("reserve", spec.name());
    Field known = draft.snapshot().byName(spec.name());
    return known != null ? confirm(draft, known) : place(draft, draft.snapshot().byId(id));
  }

  private Field place(Draft draft, @Nullable Field before) {
    if (before != null && !before.is(FieldState.FREE)) {
      throw Refusals.idTaken(before, "%s cannot have id %d".formatted(spec.name(), id));
    }
    List<LoadedProgram> linked = draft.programs().linkedTo(id);
    if (!linked.isEmpty()) {
      throw Refusals.idLinked(spec.name(), id, linked);
    }
    int generations = before == null ? 0 : before.generation();
    Field reserved =
        new Field.Builder(id, spec, FieldState.RESERVED)
            // A foreign name resolves at once, so the id belongs to it from now on.
            .generation(reservation.foreign() ? generations + 1 : generations)
            .slot(Slots.allocate(draft, spec.name(), spec.size()))
            .reservation(reservation)
            .created(draft.stamp())
            .build();
    draft.change(ChangeKind.RESERVED, before, reserved);
    return reserved;
  }

  /** The name is known: the reservation must say the same, and is noted down if it is new. */
  private Field confirm(Draft draft, Field known) {
    if (known.id() != id) {
      throw Refusals.idTaken(known, "%s cannot have id %d".formatted(spec.name(), id));
    }
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
