package dev.metakey.packet;

import dev.metakey.model.Field;
import dev.metakey.model.Format;
import org.jspecify.annotations.Nullable;

/**
 * A value that a packet carries.
 *
 * @param id 0-63
 * @param size bytes: 2, 4 or 8; 0 if it is not known: a slotted packet says that the id is present,
 *     and the registry has no slot for it in this area
 * @param value unsigned; 0 if {@code size} is 0
 * @param field whose value it is; null if the registry has no field with this id, or, in the packed
 *     layout, one of another size
 */
public record FieldValue(int id, int size, long value, @Nullable Field field) {
  /** The value as the field's format says; in hex if there is no field; empty if size is 0. */
  public String text() {
    if (size == 0) {
      return "";
    }
    return (field == null ? Format.HEX : field.spec().format()).text(value, size);
  }
}
