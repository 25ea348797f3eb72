package dev.metakey.link;

import dev.metakey.model.Difference;
import dev.metakey.model.FieldUse;
import java.util.List;

/**
 * One record of an object, as linking left it.
 *
 * @param use its place is null where the field has none yet, which only a plan shows
 * @param differences what stays as it was registered although the options said something else
 */
public record LinkedRecord(FieldUse use, LinkOutcome outcome, List<Difference> differences) {
  public LinkedRecord {
    differences = List.copyOf(differences);
  }
}
