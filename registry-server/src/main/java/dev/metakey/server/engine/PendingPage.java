package dev.metakey.server.engine;

import dev.metakey.model.Pending;
import java.util.List;

/**
 * Some of those who wait, in the order in which they came.
 *
 * @param nextAfter what to ask for the next page with; 0 if this is the last
 */
public record PendingPage(List<Pending> pending, long nextAfter) {
  public PendingPage {
    pending = List.copyOf(pending);
  }
}
