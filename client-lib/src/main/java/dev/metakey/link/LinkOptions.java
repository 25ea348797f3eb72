package dev.metakey.link;

import dev.metakey.client.Ranges;
import dev.metakey.model.MetakeyException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How to link.
 *
 * @param shared register what the program produces as shared
 * @param patience how long to wait for what it consumes, and for the daemon and the fleet where
 *     they are away: 1 ms to 24 h; null: it must be there already
 */
public record LinkOptions(boolean shared, @Nullable Duration patience) {
  /** Exclusive fields, and no wait. */
  public static final LinkOptions DEFAULT = new LinkOptions(false, null);

  /**
   * @throws MetakeyException INVALID_REQUEST
   */
  public LinkOptions {
    if (patience != null) {
      Ranges.check("wait", patience, Ranges.TICK, Ranges.DAY);
    }
  }

  /** The same, registering as shared. */
  public LinkOptions sharing() {
    return new LinkOptions(true, patience);
  }

  /** The same, waiting for what the program consumes. */
  public LinkOptions waiting(Duration time) {
    return new LinkOptions(shared, time);
  }
}
