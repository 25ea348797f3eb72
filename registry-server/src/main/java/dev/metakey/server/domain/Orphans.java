package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Orphan;
import dev.metakey.model.Orphan.OwnerState;
import dev.metakey.model.Owner;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Finds active fields that look abandoned. */
public final class Orphans {
  /** How long a field is unused before it is one, unless somebody says otherwise, milliseconds. */
  public static final long UNUSED_FOR_MS = 30L * 86_400_000;

  private Orphans() {}

  /**
   * The active fields that no loaded program is linked to and that nobody has used for some time,
   * by ascending id. A program that is linked to a field's id keeps it out, whatever name it says.
   *
   * @param stateOf what is known of an owner
   * @param unusedForMs milliseconds; 0 for all that no program is linked to
   */
  public static List<Orphan> of(
      RegistryState state,
      Uses uses,
      Function<Owner, OwnerState> stateOf,
      Now now,
      long unusedForMs) {
    return state.snapshot().records().stream()
        .filter(field -> field.is(FieldState.ACTIVE))
        .filter(field -> now.ageMs() - uses.lastMs(field.id(), now.ageMs()) >= unusedForMs)
        .filter(field -> state.programs().linkedTo(field.id()).isEmpty())
        .map(field -> new Orphan(field, ownerOf(field, stateOf), lastUsedMs(uses, field, now)))
        .toList();
  }

  /** When a field was used last, as the wall clock would have said, milliseconds since 1970. */
  public static long lastUsedMs(Uses uses, Field field, Now now) {
    return now.atMs() - now.ageMs() + uses.lastMs(field.id(), now.ageMs());
  }

  private static OwnerState ownerOf(Field field, Function<Owner, OwnerState> stateOf) {
    Set<OwnerState> states = field.owners().stream().map(stateOf).collect(Collectors.toSet());
    if (states.isEmpty()) {
      return OwnerState.NOBODY;
    }
    if (states.contains(OwnerState.THERE)) {
      return OwnerState.THERE;
    }
    return states.contains(OwnerState.UNKNOWN) ? OwnerState.UNKNOWN : OwnerState.GONE;
  }
}
