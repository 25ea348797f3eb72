package dev.metakey.server.storage;

import dev.metakey.model.Change;
import dev.metakey.server.domain.RegistryState;
import java.nio.file.Path;
import java.util.List;

/**
 * A process that commits for ever, and prints every revision after it was told that it is durable.
 * Commit {@code n} of two changes is the same in every run, so that others can tell what is right.
 */
final class Committer {
  static final long SEED = 42;

  private Committer() {}

  public static void main(String[] args) throws Exception {
    RandomRegistry registry = new RandomRegistry(SEED);
    try (RocksStore store = new RocksStore(Path.of(args[0]), registry::state)) {
      RegistryState found = store.open();
      while (registry.state().revision() < found.revision()) {
        registry.next(2, 0);
      }
      System.out.println(found.revision());
      while (args.length > 1) { // only holds it
        Thread.sleep(60_000);
      }
      while (true) {
        List<Change> changes = registry.next(2, 0);
        store.commit(registry.state(), changes);
        System.out.println(registry.state().revision());
      }
    }
  }
}
