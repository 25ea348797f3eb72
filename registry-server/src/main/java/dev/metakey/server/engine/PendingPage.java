package dev.metakey.server.engine;

import dev.metakey.model.Pending;
import java.util.List;

/**
 * Some of those who wait, in the order in which they came.
 *
 * @param nextAfter ask with this for those who follow; 0: these were all
 */
public record PendingPage(List<Pending> pending, long nextAfter) {
  public PendingPage {
    pending = List.copyOf(pending);
  }
}
