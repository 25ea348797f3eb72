package dev.metakey.server.domain;

import dev.metakey.model.Field;
import java.util.List;

/**
 * When each id was used last: how old the registry was then, milliseconds.
 *
 * @param lastMs by id; empty if nobody has noted that yet
 */
public record Uses(List<Long> lastMs) {
  /** Nobody has noted any. */
  public static final Uses NONE = new Uses(List.of());

  public Uses {
    lastMs = List.copyOf(lastMs);
    if (!lastMs.isEmpty() && lastMs.size() != Field.IDS) {
      throw new IllegalArgumentException("uses of %d ids".formatted(lastMs.size()));
    }
  }

  /**
   * How old the registry was when the id was used last; {@code beginMs} if nobody has noted that.
   */
  public long lastMs(int id, long beginMs) {
    return lastMs.isEmpty() ? beginMs : lastMs.get(id);
  }
}
