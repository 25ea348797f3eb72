package dev.metakey.server.domain;

import dev.metakey.model.Snapshot;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Decides which id a new name gets. */
final class Ids {
  private Ids() {}

  /**
   * Returns the id that the fleet has for the name; otherwise the first of {@link Snapshot#freeIds}
   * that the fleet does not hand out, and that no loaded program is linked to, under whatever name.
   * The last {@value Snapshot#IDS_FOR_ADMINS} free ids are for admins only.
   *
   * @param fleets what the fleet has for the name; null if it is this host's own
   * @throws dev.metakey.model.MetakeyException NO_FREE_ID
   */
  static int allocate(Draft draft, String name, @Nullable FleetField fleets) {
    if (fleets != null) {
      return fleets.id();
    }
    BitSet linked = draft.programs().linkedIds();
    List<Integer> free = draft.snapshot().freeIds().stream().filter(id -> !linked.get(id)).toList();
    Fleet fleet = draft.rules().fleet();
    Optional<Integer> first = free.stream().filter(id -> !fleet.hasId(id)).findFirst();
    if (free.size() <= reserve(draft) || first.isEmpty()) {
      throw Refusals.noFreeId(draft, name);
    }
    return first.get();
  }

  /** How many ids this caller may not have, although they are free. */
  static int reserve(Draft draft) {
    return draft.isAdmin() ? 0 : Snapshot.IDS_FOR_ADMINS;
  }
}
