package dev.metakey.server.transport;

import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs what peers did wrong: a line for each fault, but only a few lines in ten seconds; the next
 * line says how many were left out. So nobody can fill the log, and nothing is hidden.
 */
final class FaultLog {
  private static final int LINES = 5;
  private static final long PERIOD_NS = 10_000_000_000L;
  private static final Logger log = LoggerFactory.getLogger(FaultLog.class);

  private final LongSupplier nanoTime;
  private long periodStartNs;
  private int lines;
  private long leftOut;
  private long count;

  FaultLog(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.periodStartNs = nanoTime.getAsLong();
  }

  void say(String text) {
    String line = lineFor(text);
    if (!line.isEmpty()) {
      log.warn(line);
    }
  }

  /** What to log for a fault; empty if it is only counted. */
  synchronized String lineFor(String text) {
    count++;
    long nowNs = nanoTime.getAsLong();
    if (nowNs - periodStartNs >= PERIOD_NS) {
      periodStartNs = nowNs;
      lines = 0;
    }
    if (lines == LINES) {
      leftOut++;
      return "";
    }
    lines++;
    String line =
        leftOut == 0 ? text : "%s (%d more like this were not logged)".formatted(text, leftOut);
    leftOut = 0;
    return line.replace('\n', ' ');
  }

  /** All faults so far, logged or not. */
  synchronized long count() {
    return count;
  }
}
