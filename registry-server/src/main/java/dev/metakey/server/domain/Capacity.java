package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Snapshot;
import java.util.List;
import java.util.Locale;

/** Something that may run out; an admin is warned when three quarters of it are taken. */
public enum Capacity {
  IDS {
    @Override
    public boolean isShort(Snapshot snapshot) {
      return areScarce(taken(snapshot).size(), Field.IDS);
    }

    @Override
    public String warning(Snapshot snapshot) {
      List<Field> taken = taken(snapshot);
      return "%d of %d ids are taken, %d of them retired; the biggest holders: %s. Release what is not needed"
          .formatted(
              taken.size(),
              Field.IDS,
              taken.stream().filter(f -> f.is(FieldState.RETIRED)).count(),
              Refusals.holders(taken, false));
    }
  },

  /** Of the packed layout there are none: its fields have no bytes of their own. */
  SLOTS {
    @Override
    public boolean isShort(Snapshot snapshot) {
      int limitBytes = snapshot.info().slotBytes();
      return limitBytes > 0 && areScarce(Slots.usedBytes(snapshot), limitBytes);
    }

    @Override
    public String warning(Snapshot snapshot) {
      List<Field> placed = taken(snapshot).stream().filter(field -> field.slot() != 0).toList();
      return "%d of %d bytes for slots are taken; the biggest holders (bytes): %s. Release what is not needed, or make the area larger (now %d bytes, at most 216) or the layout packed"
          .formatted(
              Slots.usedBytes(snapshot),
              snapshot.info().slotBytes(),
              Refusals.holders(placed, true),
              snapshot.info().areaBytes());
    }
  };

  private static final int WARN_PERCENT = 75;

  /** Whether three quarters or more are taken. Asked for each commit. */
  public abstract boolean isShort(Snapshot snapshot);

  /** How much is taken, who holds the most, and what to do: a sentence. */
  public abstract String warning(Snapshot snapshot);

  private static boolean areScarce(int used, int limit) {
    return used * 100 >= limit * WARN_PERCENT;
  }

  private static List<Field> taken(Snapshot snapshot) {
    return snapshot.records().stream().filter(field -> !field.is(FieldState.FREE)).toList();
  }

  /** {@code ids} or {@code slots}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
