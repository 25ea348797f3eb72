package dev.metakey.server;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.Snapshot;
import dev.metakey.server.engine.CommitListener;
import dev.metakey.server.log.Event;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes each committed change to the log, a line each, for those who collect the journal. */
final class ChangeLog implements CommitListener {

  @Override
  public void committed(Snapshot snapshot, List<Change> changes) {
    changes.forEach(ChangeLog::log);
  }

  private static void log(Change change) {
    Event.CHANGE
        .with("revision", change.revision())
        .with("kind", change.kind())
        .with("field", change.field().name())
        .with("id", change.field().id())
        .with("admin", change.isByAdmin())
        .by(change.peer())
        .say(text(change));
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
