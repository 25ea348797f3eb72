package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.Snapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the names of the fleet that this host has are to the fleet. The host keeps what it has; an
 * admin can move it with {@link FleetAdopt}.
 */
public final class FleetPlan {
  private FleetPlan() {}

  /** The names of the fleet that a host has, wherever, by ascending id. */
  public static List<Field> own(Snapshot snapshot, Prefixes prefixes) {
    return snapshot.records().stream()
        .filter(field -> !field.is(FieldState.FREE) && prefixes.contains(field.name()))
        .toList();
  }

  /** What joining does about each. */
  public static List<FleetPlanLine> of(Snapshot snapshot, Fleet fleet) {
    return own(snapshot, fleet.prefixes()).stream().map(field -> line(field, fleet)).toList();
  }

  private static FleetPlanLine line(Field field, Fleet fleet) {
    String conflict = conflict(field, fleet);
    String verdict = agrees(field, fleet) ? "agrees" : "would be claimed";
    return new FleetPlanLine(
        field.name(),
        field.id(),
        field.slot(),
        conflict.isEmpty(),
        conflict.isEmpty() ? verdict : conflict + "; " + wayOut(field, fleet));
  }

  /**
   * What an admin should know of each that has another place in the fleet than here, or that the
   * fleet does not know.
   */
  public static List<String> divergences(Snapshot snapshot, Fleet fleet) {
    return own(snapshot, fleet.prefixes()).stream()
        .filter(field -> !agrees(field, fleet))
        .map(field -> divergence(field, fleet))
        .toList();
  }

  /** {@code edge.hop is id 3, slot 24 here, and id 7, slot 64 in fleet prod; ...}. */
  private static String divergence(Field field, Fleet fleet) {
    FleetField known = fleet.fields().get(field.name());
    String here = "%s is %s here, and ".formatted(field.name(), place(field.id(), field.slot()));
    if (known != null) {
      return "%s%s in fleet %s; %s"
          .formatted(here, place(known.id(), known.slot()), fleet.name(), wayOut(field, fleet));
    }
    return "%sunknown to fleet %s; %s"
        .formatted(
            here,
            fleet.name(),
            isFree(field, fleet)
                ? "'metakey fleet join' gives the fleet what it has here"
                : conflict(field, fleet) + "; " + wayOut(field, fleet));
  }

  private static String place(int id, int slot) {
    return slot == 0 ? "id " + id : "id %d, slot %d".formatted(id, slot);
  }

  private static boolean agrees(Field field, Fleet fleet) {
    FleetField known = fleet.fields().get(field.name());
    return known != null && known.isPlaceOf(field);
  }

  /** Whether the fleet does not know the name, and has nothing else at its place. */
  public static boolean isFree(Field field, Fleet fleet) {
    return !fleet.fields().containsKey(field.name()) && conflict(field, fleet).isEmpty();
  }

  /** Why the name cannot have the same place here and in the fleet; empty if it can. */
  private static String conflict(Field field, Fleet fleet) {
    FleetField known = fleet.fields().get(field.name());
    if (known != null) {
      return known.isPlaceOf(field)
          ? ""
          : "the fleet has it with id %d in slot %d, size %d"
              .formatted(known.id(), known.slot(), known.spec().size());
    }
    if (!fleet.hasId(field.id())) {
      return "its id %d is none that the fleet hands out (%d-%d)"
          .formatted(field.id(), fleet.firstId(), fleet.lastId());
    }
    FleetField other = other(field, fleet);
    if (other == null) {
      return "";
    }
    return other.id() == field.id()
        ? "in the fleet its id %d is that of %s".formatted(field.id(), other.name())
        : "in the fleet %s has its slot %d".formatted(other.name(), field.slot());
  }

  private static @Nullable FleetField other(Field field, Fleet fleet) {
    return fleet.fields().values().stream()
        .filter(
            each ->
                each.id() == field.id()
                    || each.bytes().intersects(Slots.bytes(field.slot(), field.size())))
        .findFirst()
        .orElse(null);
  }

  /** What an admin does about a conflict. */
  private static String wayOut(Field field, Fleet fleet) {
    FleetField known = fleet.fields().get(field.name());
    if (known != null && known.spec().size() != field.size()) {
      return "as its size is another, release it here ('metakey release %s --now'), or there"
          .formatted(field.name());
    }
    return "'metakey fleet adopt %s' %s, or release it ('metakey release %1$s --now')"
        .formatted(
            field.name(),
            known == null ? "has the fleet give it another place and moves it there" : "moves it");
  }
}
