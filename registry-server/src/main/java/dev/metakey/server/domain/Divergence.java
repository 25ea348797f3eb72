package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Snapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A name of the fleet that has another id or slot on this host, or that the fleet does not know.
 * The host keeps what it has; an admin can move it with {@link FleetAdopt}.
 *
 * @param field as it is here
 * @param fleets what the fleet has for the name; null if it does not know it
 */
public record Divergence(Field field, @Nullable FleetField fleets) {
  /** Every such name of this host, by ascending id. */
  public static List<Divergence> of(Snapshot snapshot, Fleet fleet) {
    return snapshot.records().stream()
        .filter(Divergence::isLive)
        .filter(field -> fleet.hasName(field.name()))
        .map(field -> new Divergence(field, fleet.fields().get(field.name())))
        .filter(Divergence::differs)
        .toList();
  }

  /** A retired field counts: programs and packets may have its id still. */
  private static boolean isLive(Field field) {
    return field.isResolvable() || field.is(FieldState.RETIRED);
  }

  private boolean differs() {
    return fleets == null || fleets.id() != field.id() || fleets.slot() != field.slot();
  }

  /** {@code edge.hop is id 3, slot 24 here, and id 7, slot 64 in fleet prod}. */
  public String text(Fleet fleet) {
    return fleets == null
        ? "%s is %s here, and unknown to fleet %s"
            .formatted(field.name(), place(field.id(), field.slot()), fleet.name())
        : "%s is %s here, and %s in fleet %s"
            .formatted(
                field.name(),
                place(field.id(), field.slot()),
                place(fleets.id(), fleets.slot()),
                fleet.name());
  }

  private static String place(int id, int slot) {
    return slot == 0 ? "id " + id : "id %d, slot %d".formatted(id, slot);
  }
}
