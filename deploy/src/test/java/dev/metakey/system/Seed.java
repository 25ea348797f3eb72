package dev.metakey.system;

import java.util.Random;

/** Random numbers that can be had again: {@code -Dmetakey.seed=N}. */
final class Seed {
  private Seed() {}

  static Random random(String test) {
    long seed = Long.getLong("metakey.seed", System.nanoTime() & 0xffff_ffffL);
    System.out.printf("%s: seed %d (-Dmetakey.seed=%d repeats it)%n", test, seed, seed);
    return new Random(seed);
  }
}
