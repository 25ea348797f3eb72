package dev.metakey.server.fleet;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/** What became of the names that this host asked its fleet for. From any thread. */
final class ClaimResults {
  /** What becomes of one. */
  enum Result {
    /** The fleet has a place for it. */
    GRANTED,
    /** The fleet has no room for it, or the quota or another service is in the way. */
    REFUSED,
    /** The fleet could not be asked, or this host has not joined. */
    AWAY
  }

  private final Map<Result, LongAdder> counts = new EnumMap<>(Result.class);

  ClaimResults() {
    for (Result each : Result.values()) {
      counts.put(each, new LongAdder());
    }
  }

  void count(Result result) {
    Objects.requireNonNull(counts.get(result)).increment();
  }

  Map<String, Long> counts() {
    Map<String, Long> all = new TreeMap<>();
    counts.forEach((each, count) -> all.put(each.name().toLowerCase(Locale.ROOT), count.sum()));
    return all;
  }
}
