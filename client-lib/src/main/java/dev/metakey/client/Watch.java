package dev.metakey.client;

import java.util.Iterator;

/**
 * The registry's changes as they are committed: first the whole state (or what changed since the
 * revision that the watch was resumed from), then every change in order, none twice, none missing.
 *
 * <p>A watch outlives the daemon: it connects again, with growing pauses of 20 ms to 1 s, and
 * resumes after the last revision it told. For one reading thread; {@link #close()} may be called
 * from any.
 */
@SuppressWarnings("DoNotCallSuggester") // bodies follow
public final class Watch implements Iterator<WatchEvent>, AutoCloseable {
  Watch() {}

  /**
   * Blocks until there is an event.
   *
   * @return false once the watch or its client is closed
   * @throws dev.metakey.model.MetakeyException if the daemon refuses the watch (TOO_MANY_WAITERS),
   *     or UNAVAILABLE if the thread is interrupted
   */
  @Override
  public boolean hasNext() {
    throw new UnsupportedOperationException();
  }

  /**
   * Blocks until there is an event.
   *
   * @throws java.util.NoSuchElementException once the watch or its client is closed
   * @throws dev.metakey.model.MetakeyException as {@link #hasNext()}
   */
  @Override
  public WatchEvent next() {
    throw new UnsupportedOperationException();
  }

  /** Ends the watch, and whoever waits in it. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
