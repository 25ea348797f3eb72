package dev.metakey.server.domain;

/**
 * What the clocks said when something was committed. Stored, so that the next daemon knows how much
 * time has passed since.
 *
 * @param bootMs since the host booted, milliseconds; negative where that is not known
 * @param atMs the wall clock, milliseconds since 1970
 * @param ageMs how old the registry was, milliseconds
 */
public record ClockReading(long bootMs, long atMs, long ageMs) {
  /** Nothing was committed yet. */
  public static final ClockReading NONE = new ClockReading(-1, 0, 0);
}
