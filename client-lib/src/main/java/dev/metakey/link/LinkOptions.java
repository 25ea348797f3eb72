package dev.metakey.link;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How to link.
 *
 * @param shared register what the program produces as shared
 * @param patience how long to wait for what it consumes: 1 ms to 24 h; null: that must be there
 */
public record LinkOptions(boolean shared, @Nullable Duration patience) {
  /** Exclusive fields, and no wait. */
  public static final LinkOptions DEFAULT = new LinkOptions(false, null);

  private static final Duration LEAST = Duration.ofMillis(1);
  private static final Duration MOST = Duration.ofHours(24);

  /**
   * @throws MetakeyException INVALID_REQUEST
   */
  public LinkOptions {
    if (patience != null && (patience.compareTo(LEAST) < 0 || patience.compareTo(MOST) > 0)) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "wait is %s; allowed: %s to %s".formatted(patience, LEAST, MOST),
          Map.of("attribute", "wait", "value", patience.toString()));
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
