package dev.metakey.client;

import dev.metakey.model.Change;
import java.util.List;

/**
 * Committed changes, oldest first.
 *
 * @param nextSinceRevision the {@code sinceRevision} to ask with for what follows; 0: that was all
 */
public record History(List<Change> changes, long nextSinceRevision) {
  public History {
    changes = List.copyOf(changes);
  }
}
