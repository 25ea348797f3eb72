package dev.metakey.server.storage;

import java.util.Comparator;

/**
 * Something that a registry can be recovered from.
 *
 * @param from what it is, for people: begins with its path
 */
public record Source(String from, Contents contents) {
  /** The newest first; of equals, in the order in which they were. */
  static final Comparator<Source> NEWEST_FIRST =
      (a, b) ->
          a.contents.isNewerThan(b.contents) ? -1 : b.contents.isNewerThan(a.contents) ? 1 : 0;

  @Override
  public String toString() {
    return "%s (registry %s, revision %d)".formatted(from, contents.id(), contents.revision());
  }
}
