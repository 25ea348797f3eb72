package dev.metakey.client;

import dev.metakey.model.Durations;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.time.Duration;
import java.util.Map;

/** How long callers may ask us to wait. */
public final class Ranges {
  public static final Duration TICK = Duration.ofMillis(1);
  public static final Duration DAY = Duration.ofHours(24);

  /** The most that milliseconds can count. */
  private static final Duration MILLISECONDS = Duration.ofMillis(Long.MAX_VALUE);

  private Ranges() {}

  /**
   * @throws MetakeyException INVALID_REQUEST if {@code value} is not between the two
   */
  public static void check(String what, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%s is %s; allowed: %s to %s".formatted(what, words(value), words(least), words(most)),
          Map.of("attribute", what, "value", value.toString()));
    }
  }

  /** What is left of a limit that ends at {@code endNs} of System.nanoTime(): at least a tick. */
  static Duration until(long endNs) {
    Duration left = Duration.ofNanos(endNs - System.nanoTime());
    return left.compareTo(TICK) < 0 ? TICK : left;
  }

  private static String words(Duration value) {
    if (value.isZero()) {
      return "0";
    }
    return value.abs().compareTo(MILLISECONDS) > 0
        ? value.toDays() + "d"
        : Durations.text(value.toMillis());
  }
}
