package dev.metakey.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The registry at one revision: immutable, so that any number of threads read it without a lock.
 * Looking a field up allocates nothing.
 */
public final class Snapshot {
  /** How many ids are for admins only, the last free ones, so that nobody can take all of them. */
  public static final int IDS_FOR_ADMINS = 8;

  private final RegistryInfo info;
  private final @Nullable Field[] byId;
  private final NameTable byName = new NameTable();
  private final Header header;

  private Snapshot(RegistryInfo info, @Nullable Field[] byId) {
    this.info = info;
    this.byId = byId;
    for (Field field : WellKnown.FIELDS) {
      byName.put(field);
    }
    for (Field field : byId) {
      if (field == null || field.is(FieldState.FREE)) {
        continue;
      }
      Field twin = byName.put(field);
      if (twin != null) {
        throw new IllegalArgumentException(
            "%s has two ids: %d and %d".formatted(field.name(), twin.id(), field.id()));
      }
    }
    this.header = Header.of(byId);
  }

  /** A registry in which nothing was ever registered. */
  public static Snapshot empty(UUID registryId, Layout layout, int areaBytes) {
    return of(new RegistryInfo(registryId, 0, layout, areaBytes), List.of());
  }

  /**
   * @param fields at most one for each id; well-known ones are always there and ignored here
   * @throws IllegalArgumentException if two have the same id or, free ones apart, the same name
   */
  public static Snapshot of(RegistryInfo info, Collection<Field> fields) {
    @Nullable Field[] byId = new Field[Field.IDS];
    for (Field field : fields) {
      if (field.is(FieldState.WELL_KNOWN)) {
        continue;
      }
      if (byId[field.id()] != null) {
        throw new IllegalArgumentException("two fields have id " + field.id());
      }
      byId[field.id()] = field;
    }
    return new Snapshot(info, byId);
  }

  /** This snapshot after {@code changes}, which must follow its revision. */
  public Snapshot with(RegistryInfo newInfo, List<Change> changes) {
    @Nullable Field[] ids = byId.clone();
    for (Change change : changes) {
      ids[change.field().id()] = change.after();
    }
    return new Snapshot(newInfo, ids);
  }

  /** This snapshot with a field in place of the one that has its id now, at the same revision. */
  public Snapshot replacing(Field field) {
    @Nullable Field[] ids = byId.clone();
    ids[field.id()] = field;
    return new Snapshot(info, ids);
  }

  /** This snapshot as if nobody had ever had the field's id, at the same revision. */
  public Snapshot without(@Nullable Field field) {
    @Nullable Field[] ids = byId.clone();
    if (field != null) {
      ids[field.id()] = null;
    }
    return new Snapshot(info, ids);
  }

  public RegistryInfo info() {
    return info;
  }

  /** The global header: that of a packed packet which carries every registered field. */
  public Header header() {
    return header;
  }

  /** The field with the name, unless it is free; null if there is none. */
  public @Nullable Field byName(String name) {
    return byName.get(name);
  }

  /** What the name stands for; null unless the field is active, well-known or foreign. */
  public @Nullable Field resolve(String name) {
    Field field = byName.get(name);
    return field != null && field.isResolvable() ? field : null;
  }

  /**
   * @param id any number
   * @return the field with the id, free ones included; null where there never was one
   */
  public @Nullable Field byId(int id) {
    if (id >= 0 && id < Field.IDS) {
      return byId[id];
    }
    int wellKnown = id - Field.IDS;
    return wellKnown >= 0 && wellKnown < WellKnown.FIELDS.size()
        ? WellKnown.FIELDS.get(wellKnown)
        : null;
  }

  /**
   * The ids that no field has, in the order in which they are given away: first those that were
   * never used, the lowest first, then the one that was retired longest ago.
   */
  public List<Integer> freeIds() {
    return IntStream.range(0, Field.IDS)
        .filter(id -> byId[id] == null || byId[id].is(FieldState.FREE))
        .boxed()
        .sorted(Comparator.comparingLong(this::retiredAt))
        .toList();
  }

  /** The revision at which the id was retired; 0 for one that was never used. */
  private long retiredAt(int id) {
    Field field = byId[id];
    return field == null ? 0 : field.retired().revision();
  }

  /** Every field by ascending id: free ones included, well-known ones left out. */
  public List<Field> records() {
    List<Field> records = new ArrayList<>(byId.length); // no stream: each change asks several times
    for (Field field : byId) {
      if (field != null) {
        records.add(field);
      }
    }
    return Collections.unmodifiableList(records);
  }

  /** Every field by ascending id: free ones included, well-known ones last. */
  public List<Field> allRecords() {
    return Stream.concat(records().stream(), WellKnown.FIELDS.stream()).toList();
  }

  /** Every field by ascending id, well-known ones last; free ones left out. */
  public List<Field> fields() {
    return allRecords().stream().filter(f -> !f.is(FieldState.FREE)).toList();
  }

  /** At most three resolvable names that somebody may have meant, the most similar first. */
  public List<String> similarTo(String name) {
    record Candidate(String name, int distance) {}
    List<Candidate> found = new ArrayList<>();
    for (Field field : fields()) {
      int distance = EditDistance.between(name, field.name());
      boolean samePart = lastPart(name).equals(lastPart(field.name()));
      if (field.isResolvable() && (samePart || distance <= Math.max(2, name.length() / 4))) {
        found.add(new Candidate(field.name(), distance));
      }
    }
    return found.stream()
        .sorted(Comparator.comparingInt(Candidate::distance).thenComparing(Candidate::name))
        .limit(3)
        .map(Candidate::name)
        .toList();
  }

  private static String lastPart(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }

  @Override
  public String toString() {
    return "Snapshot[%s, %s]".formatted(info, records());
  }
}
