package dev.metakey.server.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.server.domain.ClockReading;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Uses;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every store promises. */
abstract class StoreContract {
  static final UUID ID = new UUID(7, 7);

  private final List<Store> stores = new ArrayList<>();

  /** A store on what the last one left behind, which is closed. */
  abstract Store over(Supplier<RegistryState> whenEmpty);

  /** To be called before the first store is made by a test that will call {@link #breakDisk}. */
  abstract void useDiskThatCanBreak();

  /** From now on, or soon, commits fail. */
  abstract void breakDisk() throws Exception;

  abstract void mendDisk() throws Exception;

  @AfterEach
  final void closeStores() {
    stores.forEach(Store::close);
  }

  final Store store() {
    return store(() -> RegistryState.empty(ID, Layout.SLOTTED, 128));
  }

  final Store store(Supplier<RegistryState> whenEmpty) {
    closeStores();
    Store store = over(whenEmpty);
    stores.add(store);
    return store;
  }

  @Test
  void open_whenEmpty_givesTheNewStateAndKeepsIt() throws Exception {
    RandomRegistry made = new RandomRegistry(1);
    made.next(20, 5);

    RegistryState first = store(made::state).open();
    RegistryState second = store(() -> RegistryState.empty(ID, Layout.PACKED, 64)).open();

    assertSame(first, made.state());
    assertSame(second, made.state());
  }

  @Test
  void open_whenNothingWasCommitted_hasNoHistory() throws Exception {
    Store store = store();

    store.open();

    assertThat(store.history(0, 10)).isEmpty();
    assertThat(store.oldestRevision()).isEqualTo(1);
  }

  @Test
  void uses_whenNoneWereKept_areNone() throws Exception {
    Store store = store();
    store.open();

    assertThat(store.uses()).isEqualTo(Uses.NONE);
  }

  @Test
  void uses_afterAReopening_areThoseThatWereKeptLast() throws Exception {
    Store store = store();
    store.open();
    Uses uses = new Uses(LongStream.range(0, Field.IDS).mapToObj(id -> id * 1_000).toList());
    store.keepUses(new Uses(Collections.nCopies(Field.IDS, Long.MAX_VALUE)));
    store.keepUses(uses);

    Store again = store();
    RegistryState state = again.open();
    assertThat(again.uses()).isEqualTo(uses);
    assertThat(state.revision()).isZero();
    assertThat(again.history(0, 10)).isEmpty();
  }

  @Test
  void open_afterRandomCommits_givesWhatWasCommitted() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    RandomRegistry registry = new RandomRegistry(seed);
    Random random = new Random(seed);
    List<Change> all = new ArrayList<>();
    Store store = store(registry::state);
    store.open();

    for (int i = 0; i < 100; i++) {
      List<Change> changes = registry.next(random.nextInt(6), i);
      if (random.nextInt(10) == 0) {
        registry.relayout();
      }
      store.commit(registry.state(), changes);
      changes.forEach(change -> all.add(durable(change)));
      int chance = random.nextInt(10);
      if (chance == 0) {
        store = store();
      }
      if (chance < 3) {
        assertSame(store.open(), registry.state());
      }
    }
    assertThat(store.history(0, Integer.MAX_VALUE)).isEqualTo(all);
    assertSame(store.open(), registry.state());
    assertThat(store.history(0, Integer.MAX_VALUE)).isEqualTo(all);
  }

  @Test
  void history_givesWholeCommitsInOrder() throws Exception {
    Store store = withCommits(1, 3, 2);

    assertThat(revisions(store.history(0, 1))).containsExactly(1L);
    assertThat(revisions(store.history(0, 2))).containsExactly(1L, 2L, 3L, 4L);
    assertThat(revisions(store.history(0, 4))).containsExactly(1L, 2L, 3L, 4L);
    assertThat(revisions(store.history(0, 5))).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
    assertThat(revisions(store.history(2, 1))).containsExactly(3L, 4L);
    assertThat(revisions(store.history(4, 100))).containsExactly(5L, 6L);
    assertThat(revisions(store.history(0, 4, 100))).containsExactly(1L, 2L, 3L, 4L);
    assertThat(store.history(4, 4, 100)).isEmpty();
    assertThat(store.history(6, 1)).isEmpty();
    assertThat(store.history(Long.MAX_VALUE - 1, Integer.MAX_VALUE)).isEmpty();
  }

  @Test
  void trim_byCount_keepsTheNewest() throws Exception {
    Store store = withCommits(1, 3, 2);

    store.trim(4, Long.MIN_VALUE);

    assertThat(store.oldestRevision()).isEqualTo(3);
    assertThat(revisions(store.history(0, 100))).containsExactly(3L, 4L, 5L, 6L);
  }

  @Test
  void trim_byAge_forgetsWhatIsOlder() throws Exception {
    Store store = withCommits(1, 3, 2); // at the age of 0, 1000 and 2000 ms

    store.trim(Long.MAX_VALUE, 1000);
    assertThat(store.oldestRevision()).isEqualTo(2);
    store.trim(Long.MAX_VALUE, 1001);
    assertThat(store.oldestRevision()).isEqualTo(5);
  }

  @Test
  void trim_whenThereIsNothingToForget_changesNothing() throws Exception {
    Store store = withCommits(1, 3, 2);

    store.trim(6, 0);
    store.trim(Long.MAX_VALUE, Long.MIN_VALUE);

    assertThat(store.oldestRevision()).isEqualTo(1);
    assertThat(store.history(0, 100)).hasSize(6);
  }

  @Test
  void trim_ofEverything_leavesTheStateAndTheNextRevision() throws Exception {
    Store store = withCommits(1, 3, 2);

    store.trim(0, Long.MIN_VALUE);

    assertThat(store.oldestRevision()).isEqualTo(7);
    assertThat(store.history(0, 100)).isEmpty();
    assertThat(store.open().revision()).isEqualTo(6);
    assertThat(store.oldestRevision()).isEqualTo(7);
  }

  @Test
  void commit_afterTrimOfEverything_isKept() throws Exception {
    RandomRegistry registry = new RandomRegistry(3);
    Store store = store(registry::state);
    store.open();
    List<Change> forgotten = registry.next(5, 0);
    store.commit(registry.state(), forgotten);
    store.trim(0, Long.MIN_VALUE);
    List<Change> kept = registry.next(2, 9);
    store.commit(registry.state(), kept);

    assertThat(revisions(store.history(0, 9))).containsExactly(6L, 7L);
    assertThat(store.oldestRevision()).isEqualTo(6);
    store = store();
    assertSame(store.open(), registry.state());
    assertThat(revisions(store.history(0, 9))).containsExactly(6L, 7L);
    assertThat(store.oldestRevision()).isEqualTo(6);
  }

  @Test
  void commit_whenTheDiskBreaks_losesNothingThatWasAcknowledged() throws Exception {
    useDiskThatCanBreak();
    RandomRegistry registry = new RandomRegistry(4);
    Store store = store(registry::state);
    store.open();
    List<Change> first = registry.next(3, 1);
    store.commit(registry.state(), first);

    breakDisk();
    RegistryState acknowledged = registry.state();
    StoreException failure = null;
    for (int i = 0; i < 20_000 && failure == null; i++) {
      List<Change> more = registry.next(2, 2);
      try {
        store.commit(registry.state(), more);
        acknowledged = registry.state();
      } catch (StoreException e) {
        failure = e;
      }
    }

    assertThat(failure).as("the failure of a commit").isNotNull();
    System.out.println(failure.getMessage());
    long seen = acknowledged.revision();
    assertThat(revisions(store.history(seen - 1, 1))).as("what was told").containsExactly(seen);
    assertThatThrownBy(() -> store.commit(registry.state(), List.of()))
        .isInstanceOf(StoreException.class);
    assertThatThrownBy(store::open).isInstanceOf(StoreException.class);
    assertThat(revisions(store.history(seen - 1, 1))).as("what was told").containsExactly(seen);

    mendDisk();
    RegistryState found = store.open();
    assertSame(found, found.revision() == seen ? acknowledged : registry.state());
    assertThat(store.history(0, Integer.MAX_VALUE)).hasSize((int) found.revision());
    store.commit(new RegistryState(found.snapshot(), "afterwards"), List.of());
    assertThat(store.open().bootId()).isEqualTo("afterwards");
  }

  @Test
  void everything_whenClosed_isRefused() throws Exception {
    Store store = withCommits(1);

    store.close();
    store.close();

    assertThatThrownBy(() -> store.history(0, 1)).isInstanceOf(StoreException.class);
    assertThatThrownBy(store::oldestRevision).isInstanceOf(StoreException.class);
    assertThatThrownBy(() -> store.trim(0, 0)).isInstanceOf(StoreException.class);
    assertThatThrownBy(() -> store.commit(new RandomRegistry(1).state(), List.of()))
        .isInstanceOf(StoreException.class);
  }

  /**
   * An opened store with as many commits as there are counts, each of as many changes as its count
   * says. Each is made a second after the last, while the wall clock goes back.
   */
  private Store withCommits(int... counts) throws StoreException {
    RandomRegistry registry = new RandomRegistry(2);
    Store store = store(registry::state);
    store.open();
    long atMs = 0;
    for (int count : counts) {
      List<Change> changes = registry.next(count, atMs);
      store.commit(registry.state().at(new ClockReading(0, -atMs, atMs)), changes);
      atMs += 1000;
    }
    return store;
  }

  static List<Long> revisions(List<Change> changes) {
    return changes.stream().map(Change::revision).toList();
  }

  /** Checks that two states are equal, except for what is not durable: when ttls run out. */
  static void assertSame(RegistryState found, RegistryState expected) {
    assertThat(found.snapshot().info()).isEqualTo(expected.snapshot().info());
    assertThat(found.bootId()).isEqualTo(expected.bootId());
    assertThat(found.tag()).isEqualTo(expected.tag());
    assertThat(found.snapshot().records())
        .isEqualTo(expected.snapshot().records().stream().map(StoreContract::durable).toList());
  }

  private static Change durable(Change change) {
    return new Change(
        change.revision(),
        change.commitRevision(),
        change.atMs(),
        change.kind(),
        durable(change.before()),
        durable(change.after()),
        change.peer());
  }

  private static Field durable(Field field) {
    return field == null ? null : field.toBuilder().expiresAtMs(0).expiresAgeMs(0).build();
  }
}
