package dev.metakey.client;

import dev.metakey.model.Field;
import java.util.List;

/**
 * What became of the fields of an owner, by ascending id.
 *
 * @param fields what was released, as it is now: retired, free, reserved again, or left to others
 * @param inUse what stays as it was, as loaded programs are linked to it
 */
public record Released(List<Field> fields, List<Field> inUse) {
  public Released {
    fields = List.copyOf(fields);
    inUse = List.copyOf(inUse);
  }
}
