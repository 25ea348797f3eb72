package dev.metakey.model;

/**
 * A moment in the registry's life.
 *
 * @param revision the revision of the change that was made then
 * @param atMs what the wall clock said, milliseconds since 1970; clocks may be wrong, and be set
 * @param ageMs how old the registry was, milliseconds; the daemon alone knows, and measures time by
 *     it. 0 where it is not known
 */
public record Stamp(long revision, long atMs, long ageMs) {
  /** Stands for what has not happened. */
  public static final Stamp NONE = new Stamp(0, 0);

  /** A moment as clients are told of it, without the age. */
  public Stamp(long revision, long atMs) {
    this(revision, atMs, 0);
  }

  public boolean isNone() {
    return equals(NONE);
  }
}
