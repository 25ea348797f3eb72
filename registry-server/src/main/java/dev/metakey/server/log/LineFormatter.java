package dev.metakey.server.log;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Map;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/**
 * Makes an event one line, whatever is in it:
 *
 * <pre>
 *   2026-11-28T11:13:49.123+01:00 WARNING the disk is full         a terminal, a file
 *   &lt;4>the disk is full                                            systemd's journal
 *   {"time":"2026-11-28T10:13:49.123Z","level":"warning","event":"store_failed","message":"the disk is full"}
 * </pre>
 *
 * The journal has the time already, and reads the priority from the start of the line
 * (sd-daemon(3)), also before JSON. What was thrown follows the message, with " | " for each new
 * line. The JDK's own formatter would load the calendars of all languages, which takes longer than
 * opening the database.
 */
final class LineFormatter extends Formatter {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSXXX");
  private static final int MOST_FRAMES = 20;
  private static final int MOST_CAUSES = 4;

  /** How long the parts of a line are at most: the journal cuts lines at 48 KiB. */
  private static final int MOST_MESSAGE = 6_000;

  private static final int MOST_TRACE = 8_000;
  private static final int MOST_ATTRIBUTE = 500;

  private final boolean journal;
  private final LogFormat format;

  LineFormatter(boolean journal, LogFormat format) {
    this.journal = journal;
    this.format = format;
  }

  @Override
  public String format(LogRecord line) {
    LogLevel level = LogLevel.of(line.getLevel());
    StringBuilder text = new StringBuilder(200);
    if (journal) {
      text.append('<').append(level.priority).append('>');
    }
    if (format == LogFormat.JSON) {
      json(text, line, level);
    } else {
      if (!journal) {
        text.append(time(line.getInstant(), ZoneId.systemDefault())).append(' ');
        text.append(level.name()).append(' ');
      }
      Printable.append(text, message(line), MOST_MESSAGE);
      if (line.getThrown() != null) {
        text.append(" | ");
        Printable.append(text, trace(line.getThrown()), MOST_TRACE);
      }
    }
    return text.append('\n').toString();
  }

  private static String time(Instant at, ZoneId zone) {
    return TIME.format(at.atZone(zone));
  }

  /** Events say what they mean; a library may have left its parameters for us to put in. */
  private String message(LogRecord line) {
    return line instanceof EventRecord
        ? String.valueOf(line.getMessage())
        : String.valueOf(formatMessage(line));
  }

  private void json(StringBuilder text, LogRecord line, LogLevel level) {
    text.append('{');
    put(text, "time", time(line.getInstant(), ZoneOffset.UTC), MOST_ATTRIBUTE);
    put(text.append(','), "level", level, MOST_ATTRIBUTE);
    if (line instanceof EventRecord event) {
      put(text.append(','), "event", event.event(), MOST_ATTRIBUTE);
      put(text.append(','), "message", message(line), MOST_MESSAGE);
      for (Map.Entry<String, Object> each : event.attributes().entrySet()) {
        put(text.append(','), each.getKey(), each.getValue(), MOST_ATTRIBUTE);
      }
    } else {
      put(text.append(','), "event", Event.LIBRARY, MOST_ATTRIBUTE);
      put(text.append(','), "message", message(line), MOST_MESSAGE);
      put(text.append(','), "logger", String.valueOf(line.getLoggerName()), MOST_ATTRIBUTE);
    }
    if (line.getThrown() != null) {
      put(text.append(','), "thrown", trace(line.getThrown()), MOST_TRACE);
    }
    text.append('}');
  }

  private static void put(StringBuilder text, String name, Object value, int most) {
    Printable.appendQuoted(text, name, MOST_ATTRIBUTE);
    text.append(':');
    if (value instanceof Number || value instanceof Boolean) {
      text.append(value);
    } else {
      Printable.appendQuoted(text, value.toString(), most);
    }
  }

  private static String trace(Throwable thrown) {
    StringBuilder text = new StringBuilder();
    int causes = 0;
    for (Throwable cause = thrown;
        cause != null && causes < MOST_CAUSES;
        cause = cause.getCause(), causes++) {
      text.append(causes == 0 ? "" : " | caused by: ").append(cause);
      Arrays.stream(cause.getStackTrace())
          .limit(MOST_FRAMES)
          .forEach(frame -> text.append(" | at ").append(frame));
    }
    return text.toString();
  }
}
