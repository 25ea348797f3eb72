package dev.metakey.model;

import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: on the command line, in the config and in tables. */
public final class Durations {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");

  /** Nothing here lasts longer, and sums stay far from overflow. */
  private static final Duration LONGEST = Duration.ofDays(366);

  private Durations() {}

  /**
   * {@code 500ms}, {@code 30s}, {@code 10m}, {@code 24h}, {@code 7d}; {@code 0} alone needs no
   * unit.
   *
   * @throws MetakeyException INVALID_REQUEST, saying what is allowed
   */
  public static Duration parse(String text) {
    if (text.equals("0")) {
      return Duration.ZERO;
    }
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw refused(
          text,
          "%s is not a duration; allowed: a whole number with a unit, like 500ms, 30s, 10m, 24h or 7d");
    }
    Duration value = Duration.ofMillis(Long.parseLong(matcher.group(1)) * unitMs(matcher.group(2)));
    if (value.compareTo(LONGEST) > 0) {
      throw refused(text, "%s is too long; a duration is 366d at most");
    }
    return value;
  }

  private static long unitMs(String unit) {
    return switch (unit) {
      case "ms" -> 1;
      case "s" -> 1_000;
      case "m" -> 60_000;
      case "h" -> 3_600_000;
      default -> 86_400_000;
    };
  }

  private static MetakeyException refused(String text, String why) {
    return new MetakeyException(
        Reason.INVALID_REQUEST, why.formatted(Names.quote(text)), Map.of("duration", text));
  }

  /** What {@link #parse} reads, in the largest unit that fits. */
  public static String text(long ms) {
    for (String unit : new String[] {"d", "h", "m", "s"}) {
      if (ms % unitMs(unit) == 0) {
        return ms / unitMs(unit) + unit;
      }
    }
    return ms + "ms";
  }
}
