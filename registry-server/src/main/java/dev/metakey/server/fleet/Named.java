package dev.metakey.server.fleet;

import dev.metakey.fleet.v1.Name;
import dev.metakey.server.domain.FleetField;
import dev.metakey.wire.Requests;
import dev.metakey.wire.Wire;
import java.util.regex.Pattern;

/**
 * A name, as a host knows it.
 *
 * @param value as it is in the store
 * @param field the same, for the rules
 * @param revision of the value; 0: the store does not have it; negative: the store says something
 *     else
 */
record Named(Name value, FleetField field, long revision) {
  static final long CONTRADICTED = -1;

  static final int MAX_GENERATION = 1_000_000_000;

  /** A unit's name or a claim, {@code user:} before a unit of a user's own; empty: nobody's. */
  private static final Pattern SERVICE = Pattern.compile("[A-Za-z0-9@._:\\\\-]{0,260}");

  /**
   * @throws dev.metakey.model.MetakeyException if no field can be like that
   */
  static Named of(Name value, long revision) {
    return new Named(
        value,
        new FleetField(
            Requests.spec(value.getSpec()),
            value.getId(),
            value.getSlot(),
            value.getService(),
            value.getGeneration(),
            value.getRetiredAtMs() > 0),
        revision);
  }

  String name() {
    return field.name();
  }

  Named at(long newRevision) {
    return new Named(value, field, newRevision);
  }

  /** What is wrong with it in a fleet with these facts; empty if nothing is. */
  String fault(FleetFacts facts) {
    if (field.id() < facts.firstId() || field.id() > facts.lastId()) {
      return "id %d is none that the fleet hands out (%d-%d)"
          .formatted(field.id(), facts.firstId(), facts.lastId());
    }
    if (!facts.hasSlot(field.slot(), field.spec().size())) {
      return "layout %s with area %d has no slot %d for %d bytes"
          .formatted(facts.layout(), facts.areaBytes(), field.slot(), field.spec().size());
    }
    if (field.generation() < 1 || field.generation() > MAX_GENERATION) {
      return "generation %s is none from 1 to %d"
          .formatted(Integer.toUnsignedString(field.generation()), MAX_GENERATION);
    }
    if (!SERVICE.matcher(field.service()).matches()) {
      return "no service is called so";
    }
    return value.getRetiredAtMs() < 0 ? "there is no time when it may have been retired" : "";
  }

  /** Held by some host again. */
  Name live() {
    return value.toBuilder().clearRetiredAtMs().build();
  }

  Name retiredAt(long atMs) {
    return value.toBuilder().setRetiredAtMs(Math.max(1, atMs)).build();
  }

  boolean hasPlaceOf(Named other) {
    return field.id() == other.field.id()
        && field.slot() == other.field.slot()
        && field.spec().size() == other.field.spec().size();
  }

  /** A value without what is each host's own. */
  static dev.metakey.v1.FieldSpec spec(dev.metakey.model.FieldSpec spec) {
    return Wire.spec(spec).toBuilder().clearTtl().build();
  }
}
