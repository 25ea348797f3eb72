package dev.metakey.client;

import dev.metakey.model.Field;
import dev.metakey.model.Snapshot;
import org.jspecify.annotations.Nullable;

/**
 * The registry in this process: kept fresh by one thread, {@code metakey-view}, and read by any
 * number of threads without a lock, an allocation or a call.
 *
 * <p>While the daemon is gone the last state stays, marked stale; where there is none yet, the
 * published file is taken, marked stale too. Belongs to its client, and ends with it.
 */
@SuppressWarnings("DoNotCallSuggester") // bodies follow
public final class View {
  View() {}

  /** What the name stands for; null unless it is active, well-known or foreign. */
  public @Nullable Field get(String name) {
    throw new UnsupportedOperationException();
  }

  /**
   * The field that has the id; null unless it is active, well-known or foreign.
   *
   * @param id any number
   */
  public @Nullable Field get(int id) {
    throw new UnsupportedOperationException();
  }

  /** The whole state, for several look-ups that must agree, and for fields in other states. */
  public Snapshot snapshot() {
    throw new UnsupportedOperationException();
  }

  /** Whether the daemon cannot be reached, so that newer changes may exist. */
  public boolean isStale() {
    throw new UnsupportedOperationException();
  }

  /**
   * Tells the listener the present state at once, on this thread, and every later one on the view's
   * own.
   */
  public void addListener(ViewListener listener) {
    throw new UnsupportedOperationException();
  }

  /** Does nothing if it was never added. */
  public void removeListener(ViewListener listener) {
    throw new UnsupportedOperationException();
  }
}
