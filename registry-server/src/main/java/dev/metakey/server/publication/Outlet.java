package dev.metakey.server.publication;

import dev.metakey.model.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** One way of publication. Called by one thread. */
public interface Outlet {
  /** What status and log call it. */
  String name();

  Path path();

  /**
   * Replaces what was published with this; whoever reads meanwhile sees either the one or the
   * other.
   */
  void publish(Snapshot snapshot) throws IOException;

  /** Whether what was published is there still: somebody may have removed or overwritten it. */
  boolean isIntact();

  /** Takes away what an earlier daemon published, where this one is not to. */
  default void withdraw() throws IOException {
    Files.deleteIfExists(path());
  }
}
