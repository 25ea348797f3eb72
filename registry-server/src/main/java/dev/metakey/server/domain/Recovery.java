package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Makes one registry of several accounts of it, some of which are older or know less than others.
 * The newest one says which ids there are, with their names, slots and generations. Owner and
 * attributes come from the newest one that knows an owner or a reservation for that id, name and
 * generation. A field without any known owner goes to the first service that registers it. The tag
 * is that of the newest one that knows it.
 */
public final class Recovery {
  private Recovery() {}

  /**
   * @param newestFirst accounts of the same registry; at least one
   * @param registryId a new one, so that nobody resumes a watch of the old registry
   * @param nowMs what the wall clock says, milliseconds since 1970
   */
  public static RegistryState merge(List<RegistryState> newestFirst, UUID registryId, long nowMs) {
    RegistryState newest = newestFirst.get(0);
    RegistryInfo info = newest.snapshot().info();
    List<RegistryState> others = newestFirst.subList(1, newestFirst.size());
    List<Field> fields = new ArrayList<>();
    long ageMs = newestFirst.stream().mapToLong(state -> state.clock().ageMs()).max().orElseThrow();
    Stamp now = new Stamp(info.revision(), nowMs, ageMs);
    for (Field field : newest.snapshot().records()) {
      fields.add(withQuarantine(withOwners(field, others), now));
    }
    RegistryInfo renamed =
        new RegistryInfo(registryId, info.revision(), info.layout(), info.areaBytes());
    ClockReading clock = new ClockReading(ClockReading.NONE.bootMs(), nowMs, ageMs);
    return new RegistryState(Snapshot.of(renamed, fields), newest.bootId())
        .with(tag(newestFirst))
        .at(clock);
  }

  /** The tag of the newest account that knows one and has the newest account's layout and area. */
  private static Tag tag(List<RegistryState> newestFirst) {
    RegistryInfo info = newestFirst.get(0).snapshot().info();
    return newestFirst.stream()
        .filter(state -> state.snapshot().info().layout() == info.layout())
        .filter(state -> state.snapshot().info().areaBytes() == info.areaBytes())
        .map(RegistryState::tag)
        .filter(tag -> !tag.isNone())
        .findFirst()
        .orElse(Tag.NONE);
  }

  private static Field withOwners(Field field, List<RegistryState> others) {
    if (!field.owners().isEmpty()) {
      return field;
    }
    for (RegistryState other : others) {
      Field same = sameField(other.snapshot().byId(field.id()), field);
      if (same != null && (!same.owners().isEmpty() || same.reservation() != null)) {
        return same.toBuilder()
            .slot(field.slot())
            .state(field.state())
            .owners(field.is(FieldState.RESERVED) ? List.of() : same.owners())
            .retired(field.is(FieldState.ACTIVE) ? Stamp.NONE : same.retired())
            .build();
      }
    }
    return field;
  }

  private static @Nullable Field sameField(@Nullable Field candidate, Field field) {
    return candidate != null
            && candidate.name().equals(field.name())
            && candidate.size() == field.size()
            && candidate.generation() == field.generation()
        ? candidate
        : null;
  }

  /** If nobody knows when the field was retired, its quarantine begins now. */
  private static Field withQuarantine(Field field, Stamp now) {
    return field.is(FieldState.RETIRED) && field.retired().isNone()
        ? field.toBuilder().retired(now).build()
        : field;
  }
}
