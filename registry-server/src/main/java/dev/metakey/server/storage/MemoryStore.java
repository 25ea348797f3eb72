package dev.metakey.server.storage;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Uses;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A store for tests: keeps everything in memory, even while it is closed, and fails when it is told
 * to.
 */
public final class MemoryStore implements Store {
  private final Supplier<RegistryState> whenEmpty;
  private final List<Change> history = new ArrayList<>();
  private final Map<Long, Long> ages = new HashMap<>();
  private @Nullable RegistryState state;
  private Uses uses = Uses.NONE;
  private boolean open;
  private boolean failed;
  private int commitsToFail;
  private boolean keepsWhatFails;
  private int opensToFail;
  private int commits;

  public MemoryStore(Supplier<RegistryState> whenEmpty) {
    this.whenEmpty = whenEmpty;
  }

  /**
   * The next commits fail.
   *
   * @param kept whether the store finds out, when it is opened anew, that they were durable
   */
  public synchronized void failCommits(int count, boolean kept) {
    commitsToFail = count;
    keepsWhatFails = kept;
  }

  /** The next calls of {@link #open} fail. */
  public synchronized void failOpens(int count) {
    opensToFail = count;
  }

  /** How many commits succeeded. */
  public synchronized int commits() {
    return commits;
  }

  @Override
  public synchronized RegistryState open() throws StoreException {
    failed = true;
    if (opensToFail > 0) {
      opensToFail--;
      throw new StoreException("told to fail to open", null);
    }
    if (state == null) {
      state = durable(whenEmpty.get());
    }
    open = true;
    failed = false;
    return state;
  }

  @Override
  public synchronized void commit(RegistryState next, List<Change> changes) throws StoreException {
    requireWritable();
    boolean fails = commitsToFail > 0;
    if (!fails || keepsWhatFails) {
      state = durable(next);
      changes.forEach(change -> ages.put(change.revision(), next.clock().ageMs()));
      changes.forEach(change -> history.add(durable(change)));
    }
    if (fails) {
      commitsToFail--;
      failed = true;
      throw new StoreException("told to fail to commit", null);
    }
    commits++;
  }

  @Override
  public void check() {}

  @Override
  public synchronized List<Change> history(long sinceRevision, long lastRevision, int limit)
      throws StoreException {
    requireOpen();
    List<Change> found = new ArrayList<>();
    for (Change change : history) {
      boolean full =
          found.size() >= limit
              && found.get(found.size() - 1).commitRevision() != change.commitRevision();
      if (full || change.revision() > lastRevision) {
        break;
      }
      if (change.revision() > sinceRevision) {
        found.add(change);
      }
    }
    return List.copyOf(found);
  }

  @Override
  public synchronized Uses uses() {
    return uses;
  }

  @Override
  public synchronized void keepUses(Uses now) throws StoreException {
    requireWritable();
    uses = now;
  }

  @Override
  public synchronized long oldestRevision() throws StoreException {
    RegistryState now = requireOpen();
    return history.isEmpty() ? now.revision() + 1 : history.get(0).revision();
  }

  @Override
  public synchronized void trim(long keep, long beforeAgeMs) throws StoreException {
    requireWritable();
    while (history.size() > keep
        || (!history.isEmpty() && ages.getOrDefault(history.get(0).revision(), 0L) < beforeAgeMs)) {
      history.remove(0);
    }
  }

  @Override
  public synchronized void close() {
    open = false;
  }

  private RegistryState requireOpen() throws StoreException {
    if (!open || state == null) {
      throw new StoreException("not open", null);
    }
    return state;
  }

  private void requireWritable() throws StoreException {
    requireOpen();
    if (failed) {
      throw new StoreException("failed: to be opened anew", null);
    }
  }

  private static RegistryState durable(RegistryState state) {
    List<Field> fields = state.snapshot().records().stream().map(MemoryStore::durable).toList();
    return new RegistryState(Snapshot.of(state.snapshot().info(), fields), state.bootId())
        .with(state.tag())
        .at(state.clock());
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

  /** The moment when a ttl runs out is not durable. */
  private static @Nullable Field durable(@Nullable Field field) {
    return field == null ? null : field.toBuilder().expiresAtMs(0).expiresAgeMs(0).build();
  }
}
