package dev.metakey.server.engine;

/**
 * Which changes are kept.
 *
 * @param keep how many, at most
 * @param ageMs how long, at most, in milliseconds, by the registry's age
 */
public record Retention(long keep, long ageMs) {
  private static final long DAY_MS = 86_400_000;

  /**
   * How long the host may have been off, at most, as far as the wall clock is believed,
   * milliseconds. So a clock that is wrong at boot makes the daemon forget only a part of the
   * history.
   */
  long mostOffMs() {
    return Math.min(DAY_MS, ageMs / 10);
  }
}
