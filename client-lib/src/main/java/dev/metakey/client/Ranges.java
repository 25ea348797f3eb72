package dev.metakey.client;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.time.Duration;
import java.util.Map;

/** How long callers may ask us to wait. */
public final class Ranges {
  public static final Duration TICK = Duration.ofMillis(1);
  public static final Duration DAY = Duration.ofHours(24);

  private Ranges() {}

  /**
   * @throws MetakeyException INVALID_REQUEST if {@code value} is not between the two
   */
  public static void check(String what, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%s is %s; allowed: %d to %d ms"
              .formatted(what, words(value), least.toMillis(), most.toMillis()),
          Map.of("attribute", what, "value", value.toString()));
    }
  }

  /** What is left of a limit that ends at {@code endNs} of System.nanoTime(): at least a tick. */
  static Duration until(long endNs) {
    Duration left = Duration.ofNanos(endNs - System.nanoTime());
    return left.compareTo(TICK) < 0 ? TICK : left;
  }

  /** In milliseconds, unless it is too long for that. */
  private static String words(Duration value) {
    return value.abs().compareTo(DAY) > 0 ? value.toDays() + " days" : value.toMillis() + " ms";
  }
}
