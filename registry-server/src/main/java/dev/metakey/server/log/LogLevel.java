package dev.metakey.server.log;

import dev.metakey.model.Words;
import java.util.logging.Level;

/** How much an event matters: the four severities of syslog(3) that the daemon uses. */
public enum LogLevel {
  ERROR(3),
  WARNING(4),
  INFO(6),
  DEBUG(7);

  final int priority;

  LogLevel(int priority) {
    this.priority = priority;
  }

  /** The same in the words of the JDK. */
  Level level() {
    return switch (this) {
      case ERROR -> Level.SEVERE;
      case WARNING -> Level.WARNING;
      case INFO -> Level.INFO;
      case DEBUG -> Level.FINE;
    };
  }

  /** That of a line which a library logs. */
  static LogLevel of(Level level) {
    for (LogLevel each : values()) {
      if (level.intValue() >= each.level().intValue()) {
        return each;
      }
    }
    return DEBUG;
  }

  /** The name in lower case. */
  @Override
  public String toString() {
    return Words.lower(this);
  }
}
