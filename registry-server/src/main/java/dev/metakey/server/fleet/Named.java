package dev.metakey.server.fleet;

import dev.metakey.fleet.v1.Name;
import dev.metakey.server.domain.FleetField;
import dev.metakey.wire.Requests;
import dev.metakey.wire.Wire;

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

  /** Held by some host again. */
  Name live() {
    return value.toBuilder().clearRetiredAtMs().build();
  }

  Name retiredAt(long atMs) {
    return value.toBuilder().setRetiredAtMs(atMs).build();
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
