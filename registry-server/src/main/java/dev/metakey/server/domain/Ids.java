package dev.metakey.server.domain;

import dev.metakey.model.Snapshot;
import java.util.BitSet;
import java.util.List;

/** Decides which id a new name gets. */
final class Ids {
  private Ids() {}

  /**
   * Returns the first of {@link Snapshot#freeIds} that no loaded program is linked to, under
   * whatever name. The last {@value Snapshot#IDS_FOR_ADMINS} free ids are for admins only.
   *
   * @throws dev.metakey.model.MetakeyException NO_FREE_ID
   */
  static int allocate(Draft draft, String name) {
    BitSet linked = draft.programs().linkedIds();
    List<Integer> free = draft.snapshot().freeIds().stream().filter(id -> !linked.get(id)).toList();
    if (free.size() <= reserve(draft)) {
      throw Refusals.noFreeId(draft, name);
    }
    return free.get(0);
  }

  /** How many ids this caller may not have, although they are free. */
  static int reserve(Draft draft) {
    return draft.isAdmin() ? 0 : Snapshot.IDS_FOR_ADMINS;
  }
}
