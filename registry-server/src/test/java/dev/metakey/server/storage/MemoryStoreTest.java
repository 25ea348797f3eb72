package dev.metakey.server.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.Change;
import dev.metakey.server.domain.RegistryState;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The fake keeps the contract, so that tests which use it mean something. */
final class MemoryStoreTest extends StoreContract {
  private MemoryStore memory;

  @Override
  Store over(Supplier<RegistryState> whenEmpty) {
    if (memory == null) {
      memory = new MemoryStore(whenEmpty);
    }
    return memory;
  }

  @Override
  void useDiskThatCanBreak() {}

  @Override
  void breakDisk() {
    memory.failCommits(Integer.MAX_VALUE, false);
    memory.failOpens(Integer.MAX_VALUE);
  }

  @Override
  void mendDisk() {
    memory.failCommits(0, false);
    memory.failOpens(0);
  }

  @Test
  void open_afterACommitThatFailedButWasKept_findsIt() throws Exception {
    RandomRegistry registry = new RandomRegistry(1);
    MemoryStore store = new MemoryStore(registry::state);
    store.open();
    List<Change> changes = registry.next(2, 0);
    store.failCommits(1, true);

    assertThatThrownBy(() -> store.commit(registry.state(), changes))
        .isInstanceOf(StoreException.class);

    assertSame(store.open(), registry.state());
    assertThat(store.history(0, 9)).hasSize(2);
    assertThat(store.commits()).isZero();
  }
}
