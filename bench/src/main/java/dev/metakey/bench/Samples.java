package dev.metakey.bench;

import java.util.Arrays;

/** How long each of many calls took, in nanoseconds. */
final class Samples {
  private long[] ns = new long[1024];
  private int size;

  void add(long elapsedNs) {
    if (size == ns.length) {
      ns = Arrays.copyOf(ns, 2 * size);
    }
    ns[size++] = elapsedNs;
  }

  int count() {
    return size;
  }

  /** Forgets all samples so far, which were the warm-up. */
  void clear() {
    size = 0;
  }

  /**
   * @param part 0.5 for the median
   * @return nanoseconds; NaN where there are no samples
   */
  double percentileNs(double part) {
    long[] sorted = Arrays.copyOf(ns, size);
    Arrays.sort(sorted);
    return size == 0 ? Double.NaN : sorted[Math.min(size - 1, (int) (size * part))];
  }
}
