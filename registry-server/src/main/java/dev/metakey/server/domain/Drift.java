package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldUse;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.util.ArrayList;
import java.util.List;

/**
 * Tells where a loaded program's records disagree with the registry, which makes the program stale.
 */
public final class Drift {
  private Drift() {}

  /**
   * What is wrong with a record, in a few words: {@code id 5, here 3; slot 24, here 32}. Empty if
   * it agrees, or was never linked. A record of another registry agrees if it says the same.
   */
  public static String faultOf(Snapshot snapshot, Tag tag, FieldUse use) {
    FieldUse.Place place = use.place();
    if (place == null) {
      return "";
    }
    Field field = snapshot.byName(use.name());
    if (field == null) {
      return "the name is not known here";
    }
    RegistryInfo info = snapshot.info();
    List<String> faults = new ArrayList<>();
    compare(faults, "id", place.id(), field.id());
    compare(faults, "size", use.size(), field.size());
    compare(faults, "layout", place.layout(), info.layout());
    compare(faults, "area", place.areaBytes(), info.areaBytes());
    compare(faults, "slot", place.slot(), field.slot());
    compare(faults, "generation", place.generation(), field.generation());
    if (!place.tag().equals(tag)) {
      faults.add("another tag than here"); // a tag is secret, so none is shown
    }
    return String.join("; ", faults);
  }

  /** Whether any record of the program disagrees. */
  public static boolean isStale(Snapshot snapshot, Tag tag, LoadedProgram program) {
    return program.uses().stream().anyMatch(use -> !faultOf(snapshot, tag, use).isEmpty());
  }

  private static void compare(List<String> faults, String what, Object linked, Object here) {
    if (!linked.equals(here)) {
      faults.add("%s %s, here %s".formatted(what, linked, here));
    }
  }
}
