package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.Layout;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Uses;
import dev.metakey.server.storage.Store;
import dev.metakey.server.storage.StoreException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A store in memory, whose disk can be made to fail. Like the real one it forgets what is not
 * durable (a ttl that was renewed), and takes no commit after a failed one until it is opened anew.
 */
public final class FakeStore implements Store {
  private final List<Change> history = new ArrayList<>();
  private final Map<Long, Long> ages = new HashMap<>();
  private final List<Integer> commits = new ArrayList<>();
  private RegistryState durable = RegistryState.empty(new UUID(1, 2), Layout.SLOTTED, 128);
  private Disk disk = Disk.WORKS;
  private boolean failed = true;
  private boolean lost;
  private Runnable whileCommitting = () -> {};
  private Runnable onceDurable = () -> {};
  private int opened;
  private Uses uses = Uses.NONE;
  private int usesKept;
  private long trimmedTo;

  /** What the disk does with the next commits. */
  public enum Disk {
    WORKS,
    /** Refuses everything. */
    FULL,
    /** Takes a commit, and says that it failed. */
    KEEPS_AND_FAILS,
    /** Meets a defect in the store itself. */
    DEFECT
  }

  public synchronized void disk(Disk value) {
    disk = value;
  }

  /** Runs in the middle of every commit, when nothing is durable yet. */
  public synchronized void whileCommitting(Runnable value) {
    whileCommitting = value;
  }

  /** Runs at the end of every commit, when its changes are durable and nobody was told yet. */
  public synchronized void onceDurable(Runnable value) {
    onceDurable = value;
  }

  /** How many changes each commit had. */
  public synchronized List<Integer> commits() {
    return List.copyOf(commits);
  }

  public synchronized int opened() {
    return opened;
  }

  public synchronized RegistryState durable() {
    return durable;
  }

  /** Somebody puts another database in place. */
  public synchronized void replaceBy(RegistryState other) {
    durable = other;
    history.clear();
  }

  @Override
  public synchronized RegistryState open() throws StoreException {
    if (disk == Disk.FULL) {
      throw new StoreException("the disk is full", null);
    }
    if (disk == Disk.DEFECT) {
      throw new IllegalStateException("a defect in the store");
    }
    if (lost) {
      throw new StoreException("the directory is gone", null);
    }
    opened++;
    failed = false;
    return durable;
  }

  @Override
  public synchronized void commit(RegistryState state, List<Change> changes) throws StoreException {
    if (failed) {
      throw new StoreException("not opened since it failed", null);
    }
    whileCommitting.run();
    failed = disk != Disk.WORKS;
    switch (disk) {
      case FULL -> throw new StoreException("the disk is full", null);
      case DEFECT -> throw new IllegalStateException("a defect in the store");
      default -> {}
    }
    durable = new RegistryState(state.snapshot(), state.bootId()).at(state.clock());
    changes.forEach(change -> ages.put(change.revision(), state.clock().ageMs()));
    history.addAll(changes);
    if (failed) {
      throw new StoreException("the disk did not answer", null);
    }
    commits.add(changes.size());
    onceDurable.run();
  }

  @Override
  public synchronized Uses uses() {
    return uses;
  }

  @Override
  public synchronized void keepUses(Uses now) throws StoreException {
    if (disk != Disk.WORKS) {
      throw new StoreException("the disk is full", null);
    }
    uses = now;
    usesKept++;
  }

  /** How often uses were kept. */
  public synchronized int usesKept() {
    return usesKept;
  }

  /** Somebody removes or brings back what is open. */
  public synchronized void lose(boolean isNow) {
    lost = isNow;
  }

  @Override
  public synchronized void check() throws StoreException {
    if (lost) {
      failed = true;
      throw new StoreException("the directory is gone", null);
    }
  }

  @Override
  public synchronized List<Change> history(long sinceRevision, long lastRevision, int limit)
      throws StoreException {
    if (disk == Disk.FULL) {
      throw new StoreException("the disk is full", null);
    }
    List<Change> found = new ArrayList<>();
    for (Change change : history) {
      boolean sameCall =
          !found.isEmpty()
              && found.get(found.size() - 1).commitRevision() == change.commitRevision();
      if (change.revision() > sinceRevision
          && change.revision() <= lastRevision
          && (found.size() < limit || sameCall)) {
        found.add(change);
      }
    }
    return found;
  }

  @Override
  public synchronized long oldestRevision() {
    return history.isEmpty() ? durable.revision() + 1 : history.get(0).revision();
  }

  @Override
  public synchronized void trim(long keep, long beforeAgeMs) throws StoreException {
    if (disk == Disk.FULL) {
      failed = true;
      throw new StoreException("the disk is full", null);
    }
    history.removeIf(
        change ->
            change.revision() <= durable.revision() - keep
                || ages.get(change.revision()) < beforeAgeMs);
    trimmedTo = oldestRevision();
  }

  /** The oldest revision that the last trim left; 0 before the first. */
  public synchronized long trimmedTo() {
    return trimmedTo;
  }

  @Override
  public void close() {}
}
