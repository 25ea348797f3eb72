package dev.metakey.server.domain;

import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Puts the registry back to a backup, in one commit and under a new id. For admins.
 *
 * <p>Every name that the backup has gets the id, place and owners that it had. What was registered
 * since is retired rather than forgotten, so that its owner can bring it back; it is freed at once
 * only where the backup needs its id, name or place. Reservations that were made since stay, unless
 * they are in the way. A field that a loaded program is linked to stays as it is, and if it is in
 * the way, nothing is restored.
 *
 * <p>A generation never goes back: an id that belonged to another field since gets a later one, so
 * that what was linked to that field is not taken for current.
 *
 * @param backup what the registry held
 * @param tag the tag to take on, unless loaded programs are linked with the present one; {@link
 *     Tag#NONE} to keep the present one
 * @param newId the registry's new id
 * @param nothingLoaded an admin's word that no program is loaded, where they cannot be seen
 */
public record Restore(Snapshot backup, Tag tag, UUID newId, boolean nothingLoaded)
    implements Command<List<Change>> {

  @Override
  public List<Change> decide(Draft draft) {
    draft.requireAdmin("restore");
    if (!nothingLoaded && !draft.programs().areSeen()) {
      throw restoreUnseen(draft.programs());
    }
    requireSameArea(draft.snapshot().info());
    requirePossible();
    List<String> obstacles = obstacles(draft);
    if (!obstacles.isEmpty()) {
      throw restoreBlocked(obstacles);
    }
    makeRoom(draft);
    for (int id = 0; id < Field.IDS; id++) {
      Field now = draft.snapshot().byId(id);
      Field then = then(draft, now, backup.byId(id));
      if (then != null && !then.equals(now)) {
        draft.change(ChangeKind.RECOVERED, now, then);
      }
    }
    takeTagOn(draft);
    if (!draft.changes().isEmpty()) {
      draft.rename(newId);
    }
    return draft.changes();
  }

  private void requireSameArea(RegistryInfo here) {
    RegistryInfo there = backup.info();
    if (there.layout() != here.layout() || there.areaBytes() != here.areaBytes()) {
      throw otherArea(there, here);
    }
  }

  /** A checksum shows damage; it does not show that somebody has written nonsense by hand. */
  private void requirePossible() {
    Snapshot sofar = Snapshot.of(backup.info(), List.of());
    for (Field field : backup.records()) {
      if (field.generation() < 0
          || (field.slot() != 0 && !Slots.isFree(sofar, field.slot(), field.size()))) {
        throw impossible(field);
      }
      sofar = sofar.replacing(field);
    }
  }

  /** What the backup would take from loaded programs, or from programs that hard-code an id. */
  private List<String> obstacles(Draft draft) {
    List<String> obstacles = new ArrayList<>();
    draft
        .programs()
        .links()
        .filter(link -> !isKept(link) && takes(link))
        .map(
            link ->
                "%s is linked to %s with id %d"
                    .formatted(link.program(), link.use().name(), link.place().id()))
        .distinct()
        .forEach(obstacles::add);
    for (Field field : draft.snapshot().records()) {
      if (field.isForeign() && !field.is(FieldState.FREE) && isInTheWay(field)) {
        obstacles.add(
            "some program hard-codes id %d for %s ('metakey unreserve' takes that back)"
                .formatted(field.id(), field.name()));
      }
    }
    return obstacles;
  }

  /** Whether the backup has the very field that the program is linked to. */
  private boolean isKept(Programs.Link link) {
    Field wanted = live(backup.byId(link.place().id()));
    return wanted != null
        && link.isTo(wanted)
        && link.use().size() == wanted.size()
        && link.place().slot() == wanted.slot();
  }

  /** Whether the backup gives the id, the name or the place to something else. */
  private boolean takes(Programs.Link link) {
    return live(backup.byId(link.place().id())) != null
        || backup.byName(link.use().name()) != null
        || (link.hasSlot() && hasBytes(link.place().slot(), link.use().size()));
  }

  /** Whether the backup gives the field's id, name or place to something else. */
  private boolean isInTheWay(Field field) {
    Field wanted = live(backup.byId(field.id()));
    if (wanted != null) {
      return !wanted.name().equals(field.name());
    }
    return backup.byName(field.name()) != null
        || (field.slot() != 0 && hasBytes(field.slot(), field.size()));
  }

  /** Whether a field of the backup has any of the bytes of a slot. */
  private boolean hasBytes(int slot, int size) {
    return Slots.takenBytes(backup).intersects(Slots.bytes(slot, size));
  }

  /** Frees what is in the way, as no moment may have one name or one place twice. */
  private void makeRoom(Draft draft) {
    for (Field field : draft.snapshot().records()) {
      if (!field.is(FieldState.FREE) && isInTheWay(field)) {
        Field free =
            retired(draft, field).toBuilder()
                .state(FieldState.FREE)
                .slot(0)
                .reservation(null)
                .build();
        draft.change(ChangeKind.RECOVERED, field, field.generation() == 0 ? null : free);
      }
    }
  }

  /** What becomes of an id, which has room for it; null if it was never used, now or then. */
  private static @Nullable Field then(Draft draft, @Nullable Field now, @Nullable Field saved) {
    Field wanted = live(saved);
    if (now != null && isUsed(draft, now) && (wanted == null || !wanted.is(FieldState.ACTIVE))) {
      return now;
    }
    if (wanted != null) {
      return restored(draft, now, wanted);
    }
    if (now != null) {
      return now.is(FieldState.ACTIVE) ? retired(draft, now) : now;
    }
    return saved == null ? null : saved.toBuilder().retired(draft.stamp()).build();
  }

  private static boolean isUsed(Draft draft, Field now) {
    return now.is(FieldState.ACTIVE) && !draft.programs().usersOf(now).isEmpty();
  }

  private static Field retired(Draft draft, Field field) {
    return field.toBuilder()
        .state(FieldState.RETIRED)
        .retired(draft.stamp())
        .expiresAtMs(0)
        .expiresAgeMs(0)
        .build();
  }

  private static Field restored(Draft draft, @Nullable Field now, Field wanted) {
    Field field = wanted.toBuilder().generation(generation(now, wanted)).build();
    Field same = now != null && now.state() == wanted.state() ? now : null;
    if (field.is(FieldState.RETIRED)) { // unless it is retired already, its quarantine begins now
      boolean wasHardCoded = same != null && same.isForeign() && !field.isForeign();
      return same != null && !wasHardCoded
          ? field.toBuilder().retired(same.retired()).build()
          : retired(draft, field);
    }
    if (field.is(FieldState.ACTIVE)) {
      return same != null
          ? field.toBuilder()
              .expiresAtMs(same.expiresAtMs())
              .expiresAgeMs(same.expiresAgeMs())
              .build()
          : draft.withExpiry(field);
    }
    return field;
  }

  private static int generation(@Nullable Field now, Field wanted) {
    if (now == null || now.generation() < wanted.generation()) {
      return wanted.generation();
    }
    boolean isSame = now.name().equals(wanted.name()) && now.size() == wanted.size();
    boolean counts = wanted.is(FieldState.ACTIVE) || wanted.generation() > 0;
    return isSame || !counts ? now.generation() : now.generation() + 1;
  }

  private void takeTagOn(Draft draft) {
    boolean isLinked = draft.programs().links().anyMatch(l -> l.place().tag().equals(draft.tag()));
    if (!tag.isNone() && !isLinked) {
      draft.tag(tag);
    }
  }

  private static @Nullable Field live(@Nullable Field field) {
    return field == null || field.is(FieldState.FREE) ? null : field;
  }

  /** IN_USE, as it cannot be seen whether a program uses what a restore would move. */
  private static MetakeyException restoreUnseen(Programs programs) {
    return new MetakeyException(
        Reason.IN_USE,
        "nothing can be restored, as loaded programs cannot be seen, and one may be linked to what would change: %s. If none is loaded, give your word for it with --nothing-loaded"
            .formatted(programs.blindness().isEmpty() ? "nobody looked" : programs.blindness()));
  }

  /**
   * @param obstacles what is in the way of the backup; at least one
   */
  private static MetakeyException restoreBlocked(List<String> obstacles) {
    return new MetakeyException(
        Reason.IN_USE,
        "the backup has another use for what is in use now, so nothing was restored: %s%s. Unload these programs first, or take the reservations back"
            .formatted(
                obstacles.stream().limit(Refusals.MOST_LISTED).collect(Collectors.joining("; ")),
                Refusals.more(obstacles.size() - Refusals.MOST_LISTED)),
        Map.of("obstacleCount", Integer.toString(obstacles.size())));
  }

  /** INVALID_REQUEST: no registry can have been in this state. */
  private static MetakeyException impossible(Field field) {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        "no daemon made this backup: it has %s with id %d, generation %d and slot %d, which overlaps with another field or cannot be; nothing was changed. Restore another backup"
            .formatted(field.name(), field.id(), field.generation(), field.slot()));
  }

  /** INVALID_REQUEST: a backup of a registry whose fields lie elsewhere. */
  private static MetakeyException otherArea(RegistryInfo there, RegistryInfo here) {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        "the backup has layout %s with an area of %d bytes, and the registry has layout %s with %d: set 'layout' and 'area' in the config as they were, take them on (a reboot, or --nothing-loaded), and restore again"
            .formatted(there.layout(), there.areaBytes(), here.layout(), here.areaBytes()));
  }
}
