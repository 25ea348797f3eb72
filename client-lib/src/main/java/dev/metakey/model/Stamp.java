package dev.metakey.model;

/**
 * A moment in the registry's life.
 *
 * @param revision the revision of the change that was made then
 * @param atMs wall-clock time, milliseconds since 1970
 */
public record Stamp(long revision, long atMs) {
  /** It has not happened. */
  public static final Stamp NONE = new Stamp(0, 0);

  public boolean isNone() {
    return equals(NONE);
  }
}
