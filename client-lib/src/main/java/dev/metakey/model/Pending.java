package dev.metakey.model;

import java.util.List;

/**
 * A resolve that waits for names.
 *
 * @param names what was asked for
 * @param missing those of them that nobody has registered yet
 * @param sinceMs wall-clock time, milliseconds since 1970
 * @param untilMs likewise
 */
public record Pending(
    Peer peer, List<String> names, List<String> missing, long sinceMs, long untilMs) {
  public Pending {
    names = List.copyOf(names);
    missing = List.copyOf(missing);
  }
}
