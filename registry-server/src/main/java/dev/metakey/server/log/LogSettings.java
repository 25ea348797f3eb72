package dev.metakey.server.log;

/**
 * What is logged, and how.
 *
 * @param level what matters less is not logged
 */
public record LogSettings(LogLevel level, LogFormat format) {
  public static final LogSettings DEFAULTS = new LogSettings(LogLevel.INFO, LogFormat.TEXT);
}
