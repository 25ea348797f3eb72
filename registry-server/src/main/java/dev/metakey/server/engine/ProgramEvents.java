package dev.metakey.server.engine;

import java.io.IOException;

/** Tells that the kernel loaded or unloaded a program, whoever owns it. */
public interface ProgramEvents extends AutoCloseable {
  /**
   * Waits until a program came or went, since this object was made or since the last call.
   *
   * @return false if this was closed; nothing is held open any more then
   * @throws IOException if the kernel no longer tells; nothing is held open any more then
   */
  boolean await() throws IOException;

  /** Ends {@link #await}. From any thread. */
  @Override
  void close();
}
