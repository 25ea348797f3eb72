package dev.metakey.server.storage;

import dev.metakey.server.domain.RegistryState;
import java.util.Comparator;
import java.util.List;

/**
 * Something that a registry can be recovered from.
 *
 * @param from what it is, for people: its path, after {@link Findings#DATABASE} if it is the
 *     database
 */
public record Source(String from, Contents contents) {
  /** The newest first; equal ones keep their order. */
  static final Comparator<Source> NEWEST_FIRST =
      (a, b) ->
          a.contents.isNewerThan(b.contents) ? -1 : b.contents.isNewerThan(a.contents) ? 1 : 0;

  /** Those that are of the same registry as the first, the newest first. */
  static List<Source> ofOneRegistry(List<Source> sources) {
    return sources.stream()
        .filter(source -> source.contents.isRelatedTo(sources.get(0).contents))
        .sorted(NEWEST_FIRST)
        .toList();
  }

  static List<RegistryState> states(List<Source> sources) {
    return sources.stream().map(source -> source.contents.state()).toList();
  }

  @Override
  public String toString() {
    return "%s (registry %s, revision %d)".formatted(from, contents.id(), contents.revision());
  }
}
