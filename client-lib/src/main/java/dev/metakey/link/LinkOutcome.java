package dev.metakey.link;

import java.util.Locale;

/** What linking did for a record; or, where it only planned to, what it would do. */
public enum LinkOutcome {
  /** The program produces the field, whose name was unknown and has an id now. */
  CREATED,
  /** The program produces the field, which is registered already. */
  EXISTING,
  /** The program consumes the field. */
  RESOLVED,
  /** Only planned: the field would be registered; it has no place yet. */
  TO_CREATE,
  /**
   * Only planned: the field has no place yet; the program itself produces it, or linking would wait
   * for it.
   */
  TO_RESOLVE;

  /** The name in lower case. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
