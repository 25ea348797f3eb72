package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the kernel has loaded, as it was seen last: an input of the rules, like the time. It is not
 * durable, and looking is not a change.
 *
 * <p>A look that fails takes nothing back: what was seen last goes on being protected, and no id is
 * freed on the strength of a look that saw nothing.
 *
 * @param seenAgeMs how old the registry was then, milliseconds: what was loaded later may not be in
 *     it; 0 if it was never seen
 * @param loaded every program whose object names fields, linked or not, used by it or not
 * @param blindness why the last look failed; empty if it did not
 */
public record Programs(long seenAgeMs, List<LoadedProgram> loaded, String blindness) {
  /** Nobody has looked. */
  public static final Programs NEVER_SEEN = new Programs(0, List.of(), "");

  public Programs {
    loaded = List.copyOf(loaded);
  }

  /** A record of a loaded program that linking has filled in. */
  record Link(LoadedProgram program, FieldUse use, FieldUse.Place place) {
    boolean isTo(Field field) {
      return place.id() == field.id() && use.name().equals(field.name());
    }

    boolean isIn(Layout layout, int areaBytes) {
      return place.layout() == layout && place.areaBytes() == areaBytes;
    }

    /** Whether it takes bytes of a slotted area: see {@link Slots#bytes}. */
    boolean hasSlot() {
      return place.layout() == Layout.SLOTTED && place.slot() >= use.size();
    }
  }

  /**
   * The records of what programs use that linking has filled in, of all programs in the order in
   * which they were seen.
   */
  Stream<Link> links() {
    return loaded.stream().flatMap(program -> links(program, program.uses()));
  }

  /** As {@link #links}, with what is only in the objects that the programs are of. */
  Stream<Link> evidence() {
    return loaded.stream().flatMap(program -> links(program, program.records()));
  }

  private static Stream<Link> links(LoadedProgram program, List<FieldUse> records) {
    return records.stream()
        .flatMap(use -> Stream.ofNullable(use.place()).map(place -> new Link(program, use, place)));
  }

  /** How many use fields. */
  public int users() {
    return (int) loaded.stream().filter(program -> !program.uses().isEmpty()).count();
  }

  /** Whether somebody looked, and the last look did not fail. */
  boolean areSeen() {
    return seenAgeMs != 0 && blindness.isEmpty();
  }

  /** The ids that some program is linked to, whatever it calls them. */
  public BitSet linkedIds() {
    BitSet ids = new BitSet(Field.IDS);
    links().forEach(link -> ids.set(link.place().id()));
    return ids;
  }

  /** The bytes of a slotted area that some program is linked to, by distance from the packet. */
  public BitSet linkedBytes() {
    BitSet bytes = new BitSet();
    links()
        .filter(Link::hasSlot)
        .forEach(link -> bytes.or(Slots.bytes(link.place().slot(), link.use().size())));
    return bytes;
  }

  /** The programs that are linked to an id, whatever they call it. */
  List<LoadedProgram> linkedTo(int id) {
    return links().filter(link -> link.place().id() == id).map(Link::program).distinct().toList();
  }

  /** The programs that are linked to a field. */
  List<LoadedProgram> usersOf(Field field) {
    return links().filter(link -> link.isTo(field)).map(Link::program).distinct().toList();
  }

  /** Whether the same programs are loaded, with the same records. */
  public boolean isSameAs(List<LoadedProgram> others) {
    return keys(loaded).equals(keys(others));
  }

  private static List<Object> keys(List<LoadedProgram> programs) {
    return programs.stream().map(p -> (Object) List.of(p.id(), p.tag(), p.uses())).toList();
  }
}
