package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Outcome;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.Sharing;
import dev.metakey.model.Stamp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Gives every field its id and place, for good: all of them, or none. Idempotent.
 *
 * @param fields 1-64, no name twice
 */
public record Register(List<FieldSpec> fields) implements Command<List<Registered>> {
  /**
   * How many units and uids may share a field, whatever the uids claim to be. All containers with a
   * user namespace of their own count as one uid.
   */
  static final int MAX_SHARING = 64;

  /** How many claims of one uid may share a field. */
  static final int MAX_CLAIMS = 8;

  private static final Set<String> MUST_AGREE = Set.of("size", "merge");
  private static final Set<String> MUST_AGREE_TO_SHARE = Set.of("format", "sharing");

  /**
   * @throws MetakeyException INVALID_REQUEST or INVALID_NAME
   */
  public Register {
    fields = List.copyOf(fields);
    if (fields.isEmpty() || fields.size() > Field.IDS) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%d fields in one call; allowed are 1 to %d".formatted(fields.size(), Field.IDS));
    }
    Map<String, Integer> places = new HashMap<>();
    for (int i = 0; i < fields.size(); i++) {
      String name = Names.checkOwn(fields.get(i).name());
      Integer earlier = places.put(name, i);
      if (earlier != null) {
        throw new MetakeyException(
            Reason.INVALID_REQUEST,
            "%s is in one call twice, as fields %d and %d; name each field once"
                .formatted(name, earlier + 1, i + 1),
            Map.of("name", name));
      }
    }
  }

  /** Those of the differences because of which a name is another field. */
  static List<Difference> mismatches(List<Difference> differences) {
    return differences.stream().filter(d -> MUST_AGREE.contains(d.attribute())).toList();
  }

  /**
   * Those because of which two services cannot share a field, if its size and merge are the same.
   */
  static List<Difference> unshared(List<Difference> differences) {
    return differences.stream().filter(d -> MUST_AGREE_TO_SHARE.contains(d.attribute())).toList();
  }

  @Override
  public List<Registered> decide(Draft draft) {
    if (draft.caller().service().isEmpty()) {
      throw Refusals.unnamed();
    }
    draft
        .rules()
        .require(draft.peer(), Right.REGISTER, fields.stream().map(FieldSpec::name).toList());
    List<Registered> results = new ArrayList<>(fields.size());
    for (FieldSpec spec : fields) {
      results.add(one(draft, spec));
    }
    return results;
  }

  private static Registered one(Draft draft, FieldSpec spec) {
    Field known = draft.snapshot().byName(spec.name());
    if (known == null) {
      FleetField fleets = FleetRules.placeFor(draft, spec);
      int id = Ids.allocate(draft, spec.name(), fleets);
      int slot = fleets != null ? fleets.slot() : Slots.allocate(draft, spec.name(), spec.size());
      Holder.requireQuota(draft, spec, null);
      return create(draft, spec, draft.snapshot().byId(id), id, slot);
    }
    List<Difference> differences = Difference.between(known.spec(), spec);
    if (known.is(FieldState.RESERVED)) {
      requireReserved(known, spec, differences);
      FleetRules.requireMayHave(draft, spec);
      Holder.requireQuota(draft, spec, known);
      return create(draft, withReserved(spec, known), known, known.id(), known.slot());
    }
    if (known.owners().isEmpty()) {
      requireReserved(known, spec, differences);
      Holder.requireQuota(draft, spec, known);
      return new Registered(claim(draft, known, spec), Outcome.EXISTING, List.of());
    }
    if (!mismatches(differences).isEmpty()) {
      throw Refusals.mismatch(known, differences);
    }
    Field field = take(draft, known, differences);
    return new Registered(field, Outcome.EXISTING, differences);
  }

  private static Registered create(
      Draft draft, FieldSpec spec, @Nullable Field before, int id, int slot) {
    int generations = before == null ? 0 : before.generation();
    boolean alreadyCounted = before != null && before.isForeign();
    Field field =
        new Field.Builder(id, spec, FieldState.ACTIVE)
            .generation(alreadyCounted ? generations : generations + 1)
            .slot(slot)
            .owners(List.of(draft.caller()))
            .reservation(before == null ? null : before.reservation())
            .created(draft.stamp())
            .build();
    field = draft.withExpiry(field);
    draft.change(ChangeKind.CREATED, before, field);
    return new Registered(field, Outcome.CREATED, List.of());
  }

  /** A field that nobody owns yet fixes the size, and the merge rule where it has one. */
  private static void requireReserved(
      Field reserved, FieldSpec spec, List<Difference> differences) {
    boolean mergeFits =
        reserved.spec().merge() == Merge.UNSPECIFIED || reserved.spec().merge() == spec.merge();
    if (reserved.size() != spec.size() || !mergeFits) {
      throw Refusals.mismatch(reserved, differences);
    }
  }

  private static FieldSpec withReserved(FieldSpec spec, Field reserved) {
    return spec.description().isEmpty() ? spec.describedAs(reserved.spec().description()) : spec;
  }

  /**
   * Makes the caller the first owner of a field that was adopted, or was foreign and is retired.
   */
  private static Field claim(Draft draft, Field known, FieldSpec spec) {
    Field field = known.toBuilder().spec(withReserved(spec, known)).build();
    ChangeKind kind = known.is(FieldState.RETIRED) ? ChangeKind.RESTORED : ChangeKind.JOINED;
    return own(draft, known, field, List.of(draft.caller()), kind);
  }

  private static Field own(
      Draft draft, Field known, Field field, List<Owner> owners, ChangeKind kind) {
    Field owned =
        field.toBuilder().state(FieldState.ACTIVE).owners(owners).retired(Stamp.NONE).build();
    owned = draft.withExpiry(owned);
    draft.change(kind, known, owned);
    return owned;
  }

  /** The caller renews, joins or brings back a field, having named its size and merge rule. */
  private static Field take(Draft draft, Field known, List<Difference> differences) {
    Owner caller = draft.caller();
    if (!known.owners().contains(caller) && !mayShare(known, differences)) {
      throw Refusals.ownedByOther(known, caller, unshared(differences));
    }
    boolean restored = known.is(FieldState.RETIRED);
    if (restored) {
      Holder.requireQuota(draft, known.spec(), known);
    }
    List<Owner> owners = owners(known, caller);
    if (!restored && owners.equals(known.owners())) {
      return draft.renew(known);
    }
    return own(draft, known, known, owners, restored ? ChangeKind.RESTORED : ChangeKind.JOINED);
  }

  private static boolean mayShare(Field known, List<Difference> differences) {
    return known.spec().sharing() == Sharing.SHARED && unshared(differences).isEmpty();
  }

  private static List<Owner> owners(Field known, Owner caller) {
    if (known.owners().contains(caller)) {
      // Whoever brings a field back holds it; its other owners join when they register again.
      return known.is(FieldState.RETIRED) ? List.of(caller) : known.owners();
    }
    List<Owner> owners = new ArrayList<>(known.is(FieldState.RETIRED) ? List.of() : known.owners());
    requireRoom(known, owners, caller);
    owners.add(caller);
    return owners;
  }

  /** Refuses one owner too many: a uid cannot keep others out, whatever it claims to be. */
  private static void requireRoom(Field known, List<Owner> owners, Owner caller) {
    long same =
        owners.stream().filter(owner -> Holder.kind(owner).equals(Holder.kind(caller))).count();
    if (same >= MAX_CLAIMS) {
      throw tooMany(
          known,
          "%s is shared by %d services of %s already"
              .formatted(known.name(), same, new Holder(Holder.kind(caller)).text()),
          MAX_CLAIMS);
    }
    long sharing = owners.stream().map(Holder::kind).distinct().count();
    if (same == 0 && sharing >= MAX_SHARING) {
      throw tooMany(
          known,
          "%s is shared by %d units and uids already".formatted(known.name(), sharing),
          MAX_SHARING);
    }
  }

  private static MetakeyException tooMany(Field known, String what, int limit) {
    return new MetakeyException(
        Reason.QUOTA_EXCEEDED,
        what + ", which is the limit; let one of them release it first",
        Map.of(
            "name", known.name(),
            "limit", Integer.toString(limit),
            "used", Integer.toString(limit),
            "holders", Refusals.owners(known)));
  }
}
