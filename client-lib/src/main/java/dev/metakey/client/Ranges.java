package dev.metakey.client;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.time.Duration;
import java.util.Map;

/** How long callers may ask us to wait. */
final class Ranges {
  static final Duration TICK = Duration.ofMillis(1);
  static final Duration DAY = Duration.ofHours(24);

  private Ranges() {}

  /**
   * @throws MetakeyException INVALID_REQUEST if {@code value} is not between the two
   */
  static void check(String what, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%s is %d ms; allowed: %d to %d ms"
              .formatted(what, value.toMillis(), least.toMillis(), most.toMillis()),
          Map.of("attribute", what, "value", value.toString()));
    }
  }
}
