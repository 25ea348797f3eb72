package dev.metakey.server.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.PrintStream;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;

/** Writes each line to standard error in one go, as UTF-8 whatever the locale is. */
final class StderrHandler extends Handler {
  private final PrintStream to;

  StderrHandler(PrintStream to, Formatter formatter) {
    this.to = to;
    setFormatter(formatter);
  }

  @Override
  public void publish(LogRecord line) {
    if (isLoggable(line) && (line instanceof EventRecord || Event.LIBRARY.budget.take())) {
      byte[] bytes = getFormatter().format(line).getBytes(UTF_8);
      synchronized (to) {
        to.write(bytes, 0, bytes.length);
        to.flush();
      }
    }
  }

  @Override
  public void flush() {
    to.flush();
  }

  @Override
  public void close() {}
}
