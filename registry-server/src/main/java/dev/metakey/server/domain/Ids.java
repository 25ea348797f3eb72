package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Snapshot;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Decides which id a new name gets. */
final class Ids {
  /** How many ids are for admins only, so that nobody else can take all of them. */
  static final int RESERVE = 8;

  private Ids() {}

  /**
   * Returns the lowest id that was never used or, if there is none, the free one that was retired
   * longest ago. It is never one that a loaded program is linked to, under whatever name; and the
   * last {@value #RESERVE} free ids are for admins only.
   *
   * @throws dev.metakey.model.MetakeyException NO_FREE_ID
   */
  static int allocate(Draft draft, String name) {
    Snapshot snapshot = draft.snapshot();
    BitSet linked = draft.programs().linkedIds();
    int[] free =
        IntStream.range(0, Field.IDS)
            .filter(id -> !linked.get(id) && isFree(snapshot.byId(id)))
            .toArray();
    if (free.length <= reserve(draft)) {
      throw Refusals.noFreeId(draft, name);
    }
    return Arrays.stream(free)
        .boxed()
        .min(Comparator.comparingLong(id -> retiredAt(snapshot.byId(id))))
        .orElseThrow();
  }

  /** How many ids this caller may not have, although they are free. */
  static int reserve(Draft draft) {
    return draft.isAdmin() ? 0 : RESERVE;
  }

  private static boolean isFree(@Nullable Field field) {
    return field == null || field.is(FieldState.FREE);
  }

  /** The revision at which the id was retired; 0 for one that was never used. */
  private static long retiredAt(@Nullable Field field) {
    return field == null ? 0 : field.retired().revision();
  }
}
