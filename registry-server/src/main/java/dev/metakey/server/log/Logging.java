package dev.metakey.server.log;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Filter;
import java.util.logging.Handler;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Sends the log to standard error, where systemd and containers expect it. It goes through the
 * JDK's own java.util.logging, which gRPC and netty have loaded anyway.
 */
public final class Logging {
  private static final String DEFAULTS =
      """
      handlers=
      .level=INFO
      io.grpc.level=WARNING
      io.grpc.netty.shaded.io.netty.level=WARNING
      """;

  /** Null where the daemon is not a process of its own, or the JVM was told how to log. */
  private static volatile @Nullable Handler handler;

  private Logging() {}

  /**
   * The JVM's own manager falls silent as soon as the JVM begins to stop, when we still have
   * something to say.
   */
  public static final class UntilTheEnd extends LogManager {
    @Override
    public void reset() {}
  }

  /**
   * Logs as the defaults are, unless the JVM was started with its own logging config.
   *
   * @param filter says which lines of libraries to leave out
   */
  public static void configure(Filter filter) {
    if (System.getProperty("java.util.logging.config.file") != null) {
      return;
    }
    System.setProperty("java.util.logging.manager", UntilTheEnd.class.getName());
    try {
      LogManager.getLogManager()
          .readConfiguration(
              new ByteArrayInputStream(DEFAULTS.getBytes(StandardCharsets.ISO_8859_1)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Handler stderr = new StderrHandler(System.err, formatter(LogFormat.TEXT));
    stderr.setFilter(filter);
    Logger.getLogger("").addHandler(stderr);
    handler = stderr;
  }

  /** Logs as the config says from now on, where {@link #configure} decided how to log. */
  public static void take(LogSettings settings) {
    Handler stderr = handler;
    if (stderr != null) {
      stderr.setFormatter(formatter(settings.format()));
      stderr.setLevel(settings.level().level()); // of libraries, the root logger lets INFO through
      Event.LOGGER.setLevel(settings.level().level());
    }
  }

  private static LineFormatter formatter(LogFormat format) {
    return new LineFormatter(isJournal(), format);
  }

  /** Whether the log goes to systemd's journal. */
  public static boolean isJournal() {
    return isJournal(System.getenv("JOURNAL_STREAM"));
  }

  /**
   * Whether standard error goes to the journal: systemd says in JOURNAL_STREAM which file that is,
   * and a shell may have sent it elsewhere since.
   */
  static boolean isJournal(@Nullable String journalStream) {
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
}
