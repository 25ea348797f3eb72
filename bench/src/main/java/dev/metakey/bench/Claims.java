package dev.metakey.bench;

/**
 * Claims names that nobody has, one after the other, and gives them back. Only claiming is timed.
 */
final class Claims implements Sampler {
  /** Returns when names that were given back can be claimed again, by anybody. */
  interface Freed {
    void await() throws InterruptedException;
  }

  private final Connection connection;
  private final boolean newNames;
  private final Freed freed;
  private long names;

  /**
   * @param newNames whether to claim new names each time; otherwise the same ones again
   */
  Claims(Connection connection, boolean newNames, Freed freed) {
    this.connection = connection;
    this.newNames = newNames;
    this.freed = freed;
  }

  Claims(Connection connection) {
    this(connection, true, () -> {});
  }

  @Override
  public void sample(int calls, Samples into) throws InterruptedException {
    freed.await();
    for (int i = 0; i < calls; i++) {
      String name = name(i);
      long startNs = System.nanoTime();
      connection.call(Op.CLAIM, name);
      into.add(System.nanoTime() - startNs);
    }
    for (int i = 0; i < calls; i++) {
      connection.call(Op.RELEASE, name(i));
    }
    names += newNames ? calls : 0;
  }

  private String name(int index) {
    return "bench.new_" + (names + index);
  }
}
