package dev.metakey.link;

import dev.metakey.model.Difference;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Owner;
import java.util.List;

/**
 * One record of an object, as linking left it.
 *
 * @param use its place is null where the field has none yet, which only a plan shows
 * @param owners whose the field now is, where it was registered; else empty
 * @param differences what stays as it was registered although the options said something else
 */
public record LinkedRecord(
    FieldUse use, LinkOutcome outcome, List<Owner> owners, List<Difference> differences) {
  public LinkedRecord {
    owners = List.copyOf(owners);
    differences = List.copyOf(differences);
  }
}
