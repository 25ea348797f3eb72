package dev.metakey.bench;

/** One client's connection that shares a thread with those of other clients. One call at a time. */
interface AsyncConnection extends AutoCloseable {
  /** Told when a call has ended, on the thread that the clients share. */
  interface Done {
    void ended();

    void failed(Throwable cause);
  }

  void submit(Op op, String name, Done done);

  @Override
  void close();
}
