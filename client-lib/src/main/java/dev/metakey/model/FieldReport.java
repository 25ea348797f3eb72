package dev.metakey.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A field, and what only the daemon knows of it.
 *
 * @param blockers why the id of a retired field is not free yet, and what keeps one that is
 *     reserved or free from being given to another name; empty if nothing does, or the field is
 *     active; null if the daemon could not be asked
 * @param lastUsedMs when the daemon last saw somebody use an active field, milliseconds since 1970;
 *     0 for others, and if the daemon could not be asked
 */
public record FieldReport(Field field, @Nullable List<Blocker> blockers, long lastUsedMs) {
  public FieldReport {
    blockers = blockers == null ? null : List.copyOf(blockers);
  }

  /** What the published files tell. */
  public static FieldReport published(Field field) {
    return new FieldReport(field, null, 0);
  }
}
