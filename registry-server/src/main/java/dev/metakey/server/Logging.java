package dev.metakey.server;

import dev.metakey.server.transport.ClientFaults;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.logging.Handler;
import java.util.logging.LogManager;

/** One line for each event, on stderr, where systemd and containers expect it. */
final class Logging {
  private static final String DEFAULTS =
      """
      handlers=java.util.logging.ConsoleHandler
      .level=INFO
      java.util.logging.ConsoleHandler.level=ALL
      java.util.logging.ConsoleHandler.formatter=dev.metakey.server.LineFormatter
      io.grpc.level=WARNING
      io.grpc.netty.shaded.io.netty.level=WARNING
      """;

  private Logging() {}

  private static String defaults() {
    return JournalFormatter.isWanted(System.getenv("JOURNAL_STREAM"))
        ? DEFAULTS.replace(
            LineFormatter.class.getName() + "\n", JournalFormatter.class.getName() + "\n")
        : DEFAULTS;
  }

  /**
   * The JVM's own manager falls silent as soon as the JVM begins to stop, when we still have
   * something to say.
   */
  public static final class UntilTheEnd extends LogManager {
    @Override
    public void reset() {}
  }

  /** Sets our defaults, unless the JVM was started with its own logging config. */
  static void configure() {
    if (System.getProperty("java.util.logging.config.file") != null) {
      return;
    }
    System.setProperty("java.util.logging.manager", UntilTheEnd.class.getName());
    try {
      LogManager.getLogManager()
          .readConfiguration(
              new ByteArrayInputStream(defaults().getBytes(StandardCharsets.ISO_8859_1)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ClientFaults faults = new ClientFaults();
    for (Handler handler : LogManager.getLogManager().getLogger("").getHandlers()) {
      handler.setFilter(faults);
    }
  }
}
