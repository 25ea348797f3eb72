package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import dev.metakey.model.Stamp;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A registered field as an export has it: it is made with that id, place and owners, unless it is
 * there already.
 *
 * @param id 0-63
 * @param slot 0: any
 * @param owners empty for a field that was adopted and that nobody registered since
 * @param place {@code FILE:LINE}
 */
public record Import(FieldSpec spec, int id, int slot, List<Owner> owners, String place)
    implements Apply.Entry {
  /**
   * @throws MetakeyException INVALID_NAME or INVALID_REQUEST
   */
  public Import {
    Names.checkOwn(spec.name());
    Reserve.checkId(spec.name(), id);
    owners = List.copyOf(owners);
  }

  @Override
  public Field decide(Draft draft) {
    Field known = draft.snapshot().byName(spec.name());
    return known == null ? create(draft, draft.snapshot().byId(id)) : confirm(draft, known);
  }

  private Field create(Draft draft, @Nullable Field before) {
    int wanted = FleetRules.checkNamed(draft, spec, id, slot);
    Reserve.requireFree(draft, before, spec.name(), id);
    Field created =
        new Field.Builder(id, spec, FieldState.ACTIVE)
            .generation(before == null ? 1 : before.generation() + 1)
            .slot(Slots.place(draft, spec.name(), spec.size(), wanted))
            .owners(owners)
            .created(draft.stamp())
            .build();
    return change(draft, ChangeKind.CREATED, before, created);
  }

  /** The name is known: the file must say the same, but may give an owner to what has none. */
  private Field confirm(Draft draft, Field known) {
    Reserve.requireSamePlace(known, id, slot);
    if (known.size() != spec.size() || known.spec().merge() != spec.merge()) {
      throw Refusals.mismatch(known, Difference.between(known.spec(), spec));
    }
    boolean isSame = Set.copyOf(known.owners()).equals(Set.copyOf(owners));
    if (!known.owners().isEmpty() && !isSame) {
      throw ownedByOther(known);
    }
    if (known.is(FieldState.ACTIVE)) {
      return isSame ? known : change(draft, ChangeKind.JOINED, known, owned(known));
    }
    return known.is(FieldState.RETIRED)
        ? change(draft, ChangeKind.RESTORED, known, owned(known))
        : change(draft, ChangeKind.CREATED, known, owned(known));
  }

  /** A field that was reserved begins a generation, unless its name was foreign and has one. */
  private Field owned(Field known) {
    boolean begins = known.is(FieldState.RESERVED) && !known.isForeign();
    return known.toBuilder()
        .spec(known.is(FieldState.RESERVED) ? spec : known.spec())
        .state(FieldState.ACTIVE)
        .generation(begins ? known.generation() + 1 : known.generation())
        .owners(owners)
        .retired(Stamp.NONE)
        .build();
  }

  private static Field change(
      Draft draft, ChangeKind kind, @Nullable Field before, Field imported) {
    Field field = draft.withExpiry(imported);
    draft.change(kind, before, field);
    return field;
  }

  private MetakeyException ownedByOther(Field known) {
    return new MetakeyException(
        Reason.OWNED_BY_OTHER,
        "%s belongs to %s here; 'metakey transfer' hands it over, and the file can leave it out"
            .formatted(spec.name(), Refusals.owners(known)),
        Map.of("name", spec.name(), "owner", Refusals.owners(known)));
  }
}
