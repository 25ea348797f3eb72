package dev.metakey.server.engine;

import java.io.IOException;

/** Tells that the kernel loaded or unloaded a program, whosever it is. */
public interface ProgramEvents extends AutoCloseable {
  /**
   * Waits until a program came or went, since this object was made or since the last call.
   *
   * @return false if this was closed; nothing is held open then
   * @throws IOException if the kernel tells no more; nothing is held open then
   */
  boolean await() throws IOException;

  /** Ends {@link #await}. From any thread. */
  @Override
  void close();
}
