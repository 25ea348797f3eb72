package dev.metakey.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/** Durations as they are written on the command line. */
final class Durations {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");

  /** Nothing here lasts longer, and sums stay far from overflow. */
  private static final Duration LONGEST = Duration.ofDays(366);

  private Durations() {}

  /**
   * {@code 500ms}, {@code 30s}, {@code 10m}, {@code 24h}, {@code 7d}; {@code 0} alone needs no
   * unit.
   */
  static Duration parse(String text) {
    if (text.equals("0")) {
      return Duration.ZERO;
    }
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "'%s' is not a duration; allowed: a whole number with a unit, like 500ms, 30s, 10m, 24h or 7d"
              .formatted(text));
    }
    Duration value = of(matcher);
    if (value.compareTo(LONGEST) > 0) {
      throw new TypeConversionException(
          "'%s' is too long; a duration is 366d at most".formatted(text));
    }
    return value;
  }

  private static Duration of(Matcher matcher) {
    long count = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(count);
      case "s" -> Duration.ofSeconds(count);
      case "m" -> Duration.ofMinutes(count);
      case "h" -> Duration.ofHours(count);
      default -> Duration.ofDays(count);
    };
  }
}
