package dev.metakey.system;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** How long a daemon did not serve, each time that something befell it. */
final class Outages {
  private final List<Long> lengthsNs = new ArrayList<>();

  /** One is over now. */
  void over(long sinceNs) {
    lengthsNs.add(System.nanoTime() - sinceNs);
  }

  @Override
  public String toString() {
    if (lengthsNs.isEmpty()) {
      return "no outage";
    }
    List<Long> sorted = lengthsNs.stream().sorted().toList();
    return "served again after %d ms (median of %d), %d ms (worst)"
        .formatted(
            ms(sorted.get(sorted.size() / 2)), sorted.size(), ms(sorted.get(sorted.size() - 1)));
  }

  private static long ms(long ns) {
    return TimeUnit.NANOSECONDS.toMillis(ns);
  }
}
