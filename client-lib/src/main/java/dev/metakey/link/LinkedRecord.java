package dev.metakey.link;

import dev.metakey.model.Difference;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Owner;
import java.util.List;

/**
 * One record of an object, as linking left it.
 *
 * @param use the record; its place is null if the field has none yet, which only a plan shows
 * @param owners the field's owners now, if linking registered it; else empty
 * @param differences attributes that stay as they were registered although the options said
 *     something else
 */
public record LinkedRecord(
    FieldUse use, LinkOutcome outcome, List<Owner> owners, List<Difference> differences) {
  public LinkedRecord {
    owners = List.copyOf(owners);
    differences = List.copyOf(differences);
  }
}
