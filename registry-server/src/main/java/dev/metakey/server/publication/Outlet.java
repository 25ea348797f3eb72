package dev.metakey.server.publication;

import dev.metakey.model.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

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

  /**
   * Takes away what this registry's daemon published earlier and now is not to, so that no reader
   * believes it; also those who hold it open already learn that it is void.
   *
   * @param registryId what another registry published is left alone, where that can be told
   */
  default void withdraw(UUID registryId) throws IOException {
    Files.deleteIfExists(path());
  }
}
