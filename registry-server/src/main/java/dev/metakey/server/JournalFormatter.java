package dev.metakey.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * Lines for systemd's journal, which has the time already and reads the priority from the start of
 * each line (sd-daemon(3)): {@code <4>the disk is full}.
 */
public final class JournalFormatter extends Formatter {
  private static final int ERROR = 3;
  private static final int WARNING = 4;
  private static final int INFO = 6;
  private static final int DEBUG = 7;

  /**
   * Whether standard error goes to the journal: systemd says in JOURNAL_STREAM which file that is,
   * and a shell may have sent it elsewhere since.
   */
  static boolean isWanted(@Nullable String journalStream) {
    if (journalStream == null) {
      return false;
    }
    try {
      Path stderr = Path.of("/proc/self/fd/2");
      String file =
          Files.getAttribute(stderr, "unix:dev") + ":" + Files.getAttribute(stderr, "unix:ino");
      return file.equals(journalStream);
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public String format(LogRecord line) {
    String prefix = "<" + priority(line.getLevel()) + ">";
    StringBuilder text = new StringBuilder();
    (formatMessage(line) + trace(line))
        .lines()
        .forEach(part -> text.append(prefix).append(part).append('\n'));
    return text.toString();
  }

  private static String trace(LogRecord line) {
    Throwable thrown = line.getThrown();
    if (thrown == null) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      text.append('\n').append(cause == thrown ? "" : "caused by: ").append(cause);
      for (StackTraceElement frame : cause.getStackTrace()) {
        text.append("\n  at ").append(frame);
      }
    }
    return text.toString();
  }

  private static int priority(Level level) {
    if (level.intValue() >= Level.SEVERE.intValue()) {
      return ERROR;
    }
    if (level.intValue() >= Level.WARNING.intValue()) {
      return WARNING;
    }
    return level.intValue() >= Level.INFO.intValue() ? INFO : DEBUG;
  }
}
