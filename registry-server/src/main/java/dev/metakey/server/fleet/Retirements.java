package dev.metakey.server.fleet;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * For how long this host has seen that no host holds a name: by its own clock, which nobody sets.
 * So it does not matter what other hosts take for the time, and a host that comes back, or is
 * started again, waits for a quarantine before it takes a place that was another name's.
 */
final class Retirements {
  private record Seen(long revision, long sinceMs) {}

  private final Map<String, Seen> seen = new HashMap<>();

  /**
   * @param names all that are known now
   * @param ageMs how old this host's registry is, milliseconds
   */
  void look(Collection<Named> names, long ageMs) {
    Map<String, Seen> before = Map.copyOf(seen);
    seen.clear();
    for (Named each : names) {
      if (each.field().retired()) {
        Seen known = before.get(each.name());
        boolean isSame = known != null && known.revision == each.revision();
        seen.put(each.name(), isSame ? known : new Seen(each.revision(), ageMs));
      }
    }
  }

  /** Whether a quarantine has passed since a name was first seen to be retired. */
  boolean isOver(Named name, long quarantineMs, long ageMs) {
    Seen known = seen.get(name.name());
    return known != null && ageMs - known.sinceMs >= quarantineMs;
  }
}
