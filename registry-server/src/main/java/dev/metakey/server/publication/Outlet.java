package dev.metakey.server.publication;

import dev.metakey.model.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** One way of publication. Called by one thread at a time. */
public interface Outlet {
  /** What status and log call it. */
  String name();

  Path path();

  /**
   * Replaces what was published with this; whoever reads meanwhile sees either the one or the
   * other.
   */
  void publish(Snapshot snapshot) throws IOException;

  /**
   * Whether readers take what is published for the daemon's own answer. Then no name may stand in
   * it that has ended: where a state that ends one cannot be published, {@link #publish} makes what
   * was published before it nobody's word.
   */
  default boolean speaksForDaemon() {
    return false;
  }

  /** Whether it tells the tag, and so is to be published anew when there is another one. */
  default boolean tellsTag() {
    return false;
  }

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

  /** Ends the publication; what is published stays. */
  default void close() throws IOException {}
}
