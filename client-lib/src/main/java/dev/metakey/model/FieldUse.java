package dev.metakey.model;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A field as a BPF program uses it: one METAKEY_PRODUCES or METAKEY_CONSUMES line.
 *
 * @param size bytes: 2, 4 or 8
 * @param place what linking filled in; null for a program that was never linked
 */
public record FieldUse(String name, int size, Role role, @Nullable Place place) {

  /**
   * Where a linked program finds the field.
   *
   * @param registryId of the registry that it was linked to
   * @param areaBytes size of the metadata area
   * @param tag that the area ends in; {@link Tag#NONE} where the reader may not know it
   * @param id 0-63
   * @param slot bytes before the packet; 0 in the packed layout
   */
  public record Place(
      UUID registryId, Layout layout, int areaBytes, Tag tag, int id, int generation, int slot) {
    /** The place that a registry gives a field. */
    public static Place of(RegistryInfo info, Tag tag, Field field) {
      return new Place(
          info.registryId(),
          info.layout(),
          info.areaBytes(),
          tag,
          field.id(),
          field.generation(),
          field.slot());
    }
  }

  /** The same use at another place. */
  public FieldUse at(@Nullable Place newPlace) {
    return new FieldUse(name, size, role, newPlace);
  }
}
