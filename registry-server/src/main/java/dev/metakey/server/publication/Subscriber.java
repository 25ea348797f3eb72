package dev.metakey.server.publication;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.List;

/** Somebody who watches. Called on its own thread only. */
public interface Subscriber {
  /** Whether more can be told without buffering it. */
  boolean isReady();

  /** The whole state: forget what you had. */
  void state(Snapshot snapshot);

  /**
   * What came next.
   *
   * @param info the state that the changes lead to
   * @param changes the same object for all who are told the same
   */
  void changes(RegistryInfo info, List<Change> changes);

  /** There will be no more. */
  void end(MetakeyException why);
}
