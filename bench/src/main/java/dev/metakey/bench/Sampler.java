package dev.metakey.bench;

import java.io.IOException;

/** Does something a number of times, and notes how long each time took. */
interface Sampler {
  void sample(int calls, Samples into) throws IOException, InterruptedException;

  /** Looks names up that were claimed before, in turn. */
  static Sampler lookUps(Connection connection, String... names) {
    return (calls, into) -> {
      for (int i = 0; i < calls; i++) {
        String name = names[i % names.length];
        long startNs = System.nanoTime();
        connection.call(Op.LOOK_UP, name);
        into.add(System.nanoTime() - startNs);
      }
    };
  }
}
