package dev.metakey.server;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * A line for a terminal or a file: the time, the severity and the message. The JDK's own formatter
 * would load the calendars of all languages for that, which takes longer than opening the database.
 */
public final class LineFormatter extends Formatter {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSxx");

  @Override
  public String format(LogRecord line) {
    return "%s %s %s%n%s"
        .formatted(
            TIME.format(line.getInstant().atZone(ZoneId.systemDefault())),
            line.getLevel(),
            formatMessage(line),
            trace(line.getThrown()));
  }

  private static String trace(@Nullable Throwable thrown) {
    if (thrown == null) {
      return "";
    }
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text, true));
    return text.toString();
  }
}
