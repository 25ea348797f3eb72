package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Snapshot;
import java.util.ArrayList;
import java.util.List;

/** Warns before ids or slots run out. */
public final class Capacity {
  /** The part of everything from which on it is running out, percent. */
  static final int WARN_PERCENT = 75;

  private Capacity() {}

  /**
   * Something of which three quarters or more are taken.
   *
   * @param what {@code ids} or {@code slots}
   * @param text how much is taken, who holds the most, and what to do: a sentence
   */
  public record Shortage(String what, String text) {}

  /**
   * What is running out; empty if nothing is. In the packed layout only ids can: its fields have no
   * bytes of their own.
   */
  public static List<Shortage> shortages(Snapshot snapshot) {
    List<Shortage> found = new ArrayList<>();
    List<Field> taken = snapshot.records().stream().filter(f -> !f.is(FieldState.FREE)).toList();
    if (isShort(taken.size(), Field.IDS)) {
      found.add(
          new Shortage(
              "ids",
              "%d of %d ids are taken, %d of them retired; the biggest holders: %s. Release what is not needed"
                  .formatted(
                      taken.size(),
                      Field.IDS,
                      taken.stream().filter(f -> f.is(FieldState.RETIRED)).count(),
                      Refusals.holders(taken, false))));
    }
    int usedBytes = Slots.usedBytes(snapshot);
    int limitBytes = snapshot.info().slotBytes();
    if (limitBytes > 0 && isShort(usedBytes, limitBytes)) {
      List<Field> placed = taken.stream().filter(field -> field.slot() != 0).toList();
      found.add(
          new Shortage(
              "slots",
              "%d of %d bytes for slots are taken; the biggest holders (bytes): %s. Release what is not needed, or make the area larger (now %d bytes, at most 216) or the layout packed"
                  .formatted(
                      usedBytes,
                      limitBytes,
                      Refusals.holders(placed, true),
                      snapshot.info().areaBytes())));
    }
    return found;
  }

  private static boolean isShort(int used, int limit) {
    return used * 100 >= limit * WARN_PERCENT;
  }
}
