package dev.metakey.cli.print;

import dev.metakey.model.Durations;
import dev.metakey.model.Field;
import dev.metakey.model.Owner;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoUnit;
import java.util.stream.Collectors;

/** Values as text. */
public final class Text {
  private Text() {}

  /** Loaded only when JSON is asked for, as it takes time. */
  private static final class Json {
    static final DateTimeFormatter MILLIS =
        new DateTimeFormatterBuilder().appendInstant(3).toFormatter();
  }

  /** ISO 8601, UTC, whole seconds; empty for 0. */
  public static String time(long ms) {
    return ms == 0 ? "" : Instant.ofEpochMilli(ms).truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** ISO 8601, UTC, always with three digits of milliseconds. */
  static String exactTime(long ms) {
    return Json.MILLIS.format(Instant.ofEpochMilli(ms));
  }

  /** As durations are written on the command line; empty for 0. */
  static String duration(long ms) {
    return ms == 0 ? "" : Durations.text(ms);
  }

  static String owners(Field field) {
    return field.owners().stream().map(Text::owner).collect(Collectors.joining(", "));
  }

  /** An owner whose service is not known is shown by its uid. */
  private static String owner(Owner owner) {
    return owner.service().isEmpty()
        ? "uid " + Integer.toUnsignedString(owner.uid())
        : owner.toString();
  }

  /**
   * The text without what would move the cursor or colour the terminal: a service may be named
   * after an executable, and that after anything.
   */
  public static String oneLine(String text) {
    if (text.codePoints().noneMatch(Character::isISOControl)) {
      return text;
    }
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              if (Character.isISOControl(c)) {
                out.append("\\u{%x}".formatted(c));
              } else {
                out.appendCodePoint(c);
              }
            });
    return out.toString();
  }
}
