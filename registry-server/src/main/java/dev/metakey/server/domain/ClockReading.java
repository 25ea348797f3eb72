package dev.metakey.server.domain;

/**
 * What the clocks said when something was committed. Stored, so that the next daemon knows how much
 * time has passed since.
 *
 * @param bootMs milliseconds since the host booted; negative if that is not known
 * @param atMs what the wall clock said, milliseconds since 1970
 * @param ageMs how old the registry was, milliseconds
 */
public record ClockReading(long bootMs, long atMs, long ageMs) {
  /** Nothing was committed yet. */
  public static final ClockReading NONE = new ClockReading(-1, 0, 0);
}
