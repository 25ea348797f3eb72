package dev.metakey.client;

import dev.metakey.model.Change;
import java.util.List;

/**
 * What became of a file that was applied.
 *
 * @param changes what was changed, or would be; nothing if there are conflicts
 * @param conflicts what contradicts the registry, as {@code FILE:LINE: TEXT}
 */
public record Applied(List<Change> changes, List<String> conflicts) {
  public Applied {
    changes = List.copyOf(changes);
    conflicts = List.copyOf(conflicts);
  }
}
