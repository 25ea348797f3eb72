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

  void addAll(long[] elapsedNs) {
    for (long one : elapsedNs) {
      add(one);
    }
  }

  int size() {
    return size;
  }

  /**
   * @param part 0.5 for the median
   * @return microseconds
   */
  double percentileUs(double part) {
    long[] sorted = Arrays.copyOf(ns, size);
    Arrays.sort(sorted);
    return size == 0 ? Double.NaN : sorted[Math.min(size - 1, (int) (size * part))] / 1e3;
  }

  double p50Us() {
    return percentileUs(0.5);
  }

  /** What one caller does in a second, who waits for each answer. */
  double perSecond() {
    return size * 1e9 / Arrays.stream(ns, 0, size).sum();
  }
}
