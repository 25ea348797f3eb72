package dev.metakey.bench;

/** One client's connection to what is measured; the client waits for each answer. */
interface Connection extends AutoCloseable {
  /**
   * Does an operation; returns when it was done.
   *
   * @throws IllegalStateException if it was answered, but not done
   */
  void call(Op op, String name);

  @Override
  void close();
}
