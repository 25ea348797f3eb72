package dev.metakey.server;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.Snapshot;
import dev.metakey.server.engine.CommitListener;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes each committed change to the log, a line each, for those who collect the journal. */
final class ChangeLog implements CommitListener {
  private static final Logger log = LoggerFactory.getLogger("metakey.history");

  @Override
  public void committed(Snapshot snapshot, List<Change> changes) {
    changes.forEach(change -> log.info(text(change)));
  }

  /**
   * {@code change 4: transferred edge.zone (id 2) by metakey (uid 0, pid 24170), admin; before ...;
   * after ...}.
   */
  static String text(Change change) {
    Field field = change.field();
    return "change %d: %s %s (id %d) by %s%s; before: %s; after: %s"
        .formatted(
            change.revision(),
            change.kind(),
            field.name(),
            field.id(),
            change.peer(),
            change.isByAdmin() ? ", admin" : "",
            text(change.before()),
            text(change.after()));
  }

  private static String text(@Nullable Field field) {
    return field == null
        ? "nothing"
        : "%s, %s, %d bytes, slot %d, generation %d, owners %s"
            .formatted(
                field.name(),
                field.state(),
                field.size(),
                field.slot(),
                field.generation(),
                field.owners());
  }
}
