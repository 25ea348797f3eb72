package dev.metakey.server.domain;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.MetakeyException;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes what a file says: all of it, or nothing. For admins. Idempotent.
 *
 * @param entries in the order of the file
 */
public record Apply(List<Entry> entries) implements Command<Apply.Result> {
  /** What a file says of one name. */
  public sealed interface Entry permits Reserve, Import {
    Field decide(Draft draft);

    /** {@code FILE:LINE}. */
    String place();
  }

  /**
   * @param changes what was changed; nothing if there are conflicts
   * @param conflicts what contradicts the registry, each with its place
   */
  public record Result(List<Change> changes, List<String> conflicts) {}

  public Apply {
    entries = List.copyOf(entries);
  }

  @Override
  public Result decide(Draft draft) {
    draft.requireAdmin("applying a file");
    List<String> conflicts = new ArrayList<>();
    for (Entry entry : entries) {
      try {
        var unused = entry.decide(draft);
      } catch (MetakeyException e) {
        conflicts.add("%s: %s".formatted(entry.place(), e.text()));
      }
    }
    if (!conflicts.isEmpty()) {
      draft.undo();
    }
    return new Result(draft.changes(), conflicts);
  }
}
