package dev.metakey.model;

/**
 * An active field that looks abandoned.
 *
 * @param owner what is known of those who own it
 * @param lastUsedMs when the daemon last saw somebody use it, milliseconds since 1970, unless the
 *     clock was set
 */
public record Orphan(Field field, OwnerState owner, long lastUsedMs) {
  /** What is known of a field's owners. */
  public enum OwnerState {
    /** This host has the unit of at least one of them. */
    THERE,
    /** This host has the unit of none of them. */
    GONE,
    /** It has none: it was adopted, and nobody has registered it since. */
    NOBODY,
    /** Nothing tells: some are not units, or units cannot be seen. */
    UNKNOWN;

    /** The name in lower case. */
    @Override
    public String toString() {
      return Words.lower(this);
    }
  }
}
