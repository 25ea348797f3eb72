package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Snapshot;
import java.util.BitSet;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Which id does a new name get. */
final class Ids {
  private Ids() {}

  /**
   * The lowest id that was never used; else, of the free ones, the one that was retired longest
   * ago. Never one that a loaded program is linked to, whatever it calls it.
   *
   * @throws dev.metakey.model.MetakeyException NO_FREE_ID
   */
  static int allocate(Snapshot snapshot, Programs programs, String name) {
    BitSet linked = programs.linkedIds();
    return IntStream.range(0, Field.IDS)
        .filter(id -> snapshot.byId(id) == null && !linked.get(id))
        .findFirst()
        .orElseGet(
            () ->
                snapshot.records().stream()
                    .filter(field -> field.is(FieldState.FREE) && !linked.get(field.id()))
                    .min(Comparator.comparingLong(field -> field.retired().revision()))
                    .orElseThrow(() -> Refusals.noFreeId(snapshot, programs, name))
                    .id());
  }
}
