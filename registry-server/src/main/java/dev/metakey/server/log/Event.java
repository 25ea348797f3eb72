package dev.metakey.server.log;

import static dev.metakey.server.log.LogLevel.DEBUG;
import static dev.metakey.server.log.LogLevel.ERROR;
import static dev.metakey.server.log.LogLevel.INFO;
import static dev.metakey.server.log.LogLevel.WARNING;

import dev.metakey.model.Peer;
import dev.metakey.model.Words;
import java.util.function.Supplier;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the daemon logs. The names are stable, as people write alerts by them;
 * docs/logs.md explains each.
 *
 * <p>Of each event there are so many lines in ten seconds and no more, so that nobody can fill the
 * log; how many were left out is logged, too. Only committed changes are logged without a bound:
 * whoever asks for them wants all of them.
 */
@SuppressWarnings("ImmutableEnumChecker") // budgets count
public enum Event {
  STARTING(INFO),
  SERVING(INFO),
  STOPPED(INFO),
  START_FAILED(ERROR),
  PROBLEM(WARNING),
  DEFECT(ERROR),
  LINES_LEFT_OUT(WARNING),
  LIBRARY(WARNING),

  CONFIG_READ(INFO),
  CONFIG_WAITS(INFO),
  CONFIG_WRONG(WARNING),
  RELOAD_FAILED(WARNING),
  RESERVATION_REFUSED(WARNING),
  GROUP_UNKNOWN(WARNING),
  SIGHUP_UNHEARD(WARNING),
  SERVICE_MANAGER_UNTOLD(WARNING),

  STORE_FAILED(ERROR),
  STORE_WORKS(INFO),
  HISTORY_UNREADABLE(WARNING),
  RECOVERED(WARNING),
  FIELD_ADOPTED(INFO),
  READ_ONLY_ON(WARNING),
  READ_ONLY_OFF(INFO),
  BACKUP_MADE(INFO),
  TAG_MADE_ANEW(INFO),
  CHANGE(INFO, Integer.MAX_VALUE),
  RUNNING_OUT(WARNING),
  NOT_RUNNING_OUT(INFO),

  PROGRAM_STALE(WARNING),
  PROGRAMS_IGNORED(INFO),
  PROGRAMS_UNSEEN(WARNING),
  PROGRAM_EVENTS_MISSING(INFO),
  PROGRAM_EVENTS_LOST(WARNING),
  RECORDS_INVALID(WARNING),

  PUBLICATION_FAILED(WARNING),
  PUBLICATION_WORKS(INFO),
  PUBLISHED_KEPT_ASIDE(WARNING),
  CLOSE_FAILED(WARNING),
  WATCHERS_UNTOLD(WARNING),
  METRICS_SERVED(INFO),
  METRICS_FAILED(WARNING),

  FLEET_CONNECTED(INFO),
  FLEET_AWAY(WARNING),
  FLEET_EVENTS_LEFT_OUT(WARNING),

  CLIENT_FAULT(WARNING, 5),
  CONNECTIONS_REDUCED(WARNING),
  PEERS_UNSEEN(WARNING),
  SOCKET_LOST(WARNING),
  SOCKET_RESTORED(WARNING),
  CALL(DEBUG, 10_000);

  static final Logger LOGGER = Logger.getLogger("dev.metakey.server");

  private final LogLevel level;
  final LineBudget budget;

  Event(LogLevel level) {
    this(level, 100);
  }

  Event(LogLevel level, int lines) {
    this.level = level;
    this.budget = new LineBudget(lines, this::tellLeftOut);
  }

  public LogLevel level() {
    return level;
  }

  /** Whether it would be logged; ask before you make a message that is seldom wanted. */
  public boolean isWanted() {
    return LOGGER.isLoggable(level.level());
  }

  /** See {@link Entry#with}. */
  public Entry with(String name, Object value) {
    return new Entry(this).with(name, value);
  }

  /** See {@link Entry#by}. */
  public Entry by(Peer peer) {
    return new Entry(this).by(peer);
  }

  /** See {@link Entry#say(String)}. */
  public void say(String message) {
    new Entry(this).say(message);
  }

  /** The same for what comes often: the message is made only if there may be one more line. */
  public void say(Supplier<String> message) {
    new Entry(this).say(message, null);
  }

  /** See {@link Entry#say(String, Throwable)}. */
  public void say(String message, @Nullable Throwable thrown) {
    new Entry(this).say(message, thrown);
  }

  private void tellLeftOut(long count) {
    LINES_LEFT_OUT
        .with("left_out", count)
        .with("of", this)
        .say(
            "%d more lines like '%s' were not logged, as there were too many in %d seconds"
                .formatted(count, this, LineBudget.PERIOD_S));
  }

  /** Tells now of what was left out: there will be no later. */
  public static void flush() {
    for (Event event : values()) {
      event.budget.flush();
    }
  }

  /** The name in lower case, as the log has it. */
  @Override
  public String toString() {
    return Words.lower(this);
  }
}
