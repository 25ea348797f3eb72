package dev.metakey.bench;

/** One client's connection that shares a thread with those of other clients. One call at a time. */
interface AsyncConnection extends AutoCloseable {
  /** What is told when a call has ended. On the thread that they share. */
  interface Done {
    void ended();

    void failed(Throwable cause);
  }

  void submit(Op op, String name, Done done);

  @Override
  void close();
}
