package dev.metakey.server.storage;

import dev.metakey.model.Change;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Uses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;

/**
 * Keeps the registry in a RocksDB database.
 *
 * <p><b>Durability.</b> A commit is one synced write of the state copy, and one batch: the fields,
 * the changes and the facts that belong together are all there, or none is. The facts are written
 * with every commit, so that the revision in them always is that of the last change. The batch is
 * synced only now and then: what a power loss takes from the database, the next start commits to it
 * again from the copy.
 *
 * <p><b>Failure.</b> After a failed commit nothing can be committed until the store has been opened
 * anew, as only reading the log back tells what became of it. The changes that were committed
 * before can still be read. Opening anew checks the directory first, and as long as that check
 * fails, the failed database stays open for readers.
 *
 * <p><b>Concurrency.</b> Whoever uses the database holds {@link #users}' read lock, the writer and
 * any number of readers; whoever opens or closes it holds the write lock. So nobody touches a
 * native handle that is gone. Readers see changes only after their commit has returned: those up to
 * {@link #revision}.
 */
public final class RocksStore implements Store {
  /** What this version writes and reads. Raised when an older metakeyd would misread the data. */
  static final int FORMAT = 2;

  /** This fact is four big-endian bytes in every format, so that all versions can read it. */
  static final String FORMAT_FACT = "format";

  static final String REGISTRY_FACT = "registry";
  static final String FORMER_FACT = "former";

  private final DataDirectory directory;
  private final HistoryDamage damage;
  private final StateCopy copy;
  private final Beginning beginning;
  private final ReadWriteLock users = new ReentrantReadWriteLock(true);
  private @Nullable Database database;
  private volatile boolean failed;
  private volatile @Nullable Contents held;
  private volatile LongConsumer syncTimes = ns -> {};
  private @Nullable RegistryState begun;
  private @Nullable String readOnly;
  private @Nullable String recovery;

  /** The revision of the last commit that has returned. */
  private volatile long revision;

  private volatile long oldestRevision;

  /** Opens nothing yet; only the data directory will tell of an earlier registry. */
  public RocksStore(Path data, Supplier<RegistryState> whenEmpty) {
    this(data, whenEmpty, Evidence.none());
  }

  /**
   * Opens nothing yet.
   *
   * @param whenEmpty makes the state of a new database
   */
  public RocksStore(Path data, Supplier<RegistryState> whenEmpty, Evidence evidence) {
    this.directory = new DataDirectory(data);
    this.copy = new StateCopy(directory.path());
    this.damage = new HistoryDamage(directory);
    this.beginning = new Beginning(directory, damage, copy, evidence, whenEmpty);
  }

  /**
   * Looks at what is there, and recovers it if it is not sound. {@link #open} does so itself if
   * nobody did.
   */
  public void begin() throws StoreException {
    begin("");
  }

  /**
   * As {@link #begin()}, but makes no database if there is a reason not to: unless there is a sound
   * one, what is found is then held in memory.
   *
   * @param why the reason why none may be made; empty if there is no such reason
   */
  public void begin(String why) throws StoreException {
    Database.loadLibrary();
    begun =
        why.isEmpty() || Files.isDirectory(directory.path())
            ? exclusively(() -> take(beginning.begin(why)))
            : hold(beginning.hold(List.of(), why));
  }

  /** Opens something while nobody else uses the store. */
  private RegistryState exclusively(DatabaseUse.Opening opening) throws StoreException {
    users.writeLock().lock();
    try {
      failed = true;
      directory.claim();
      return opening.open();
    } catch (RocksDBException | IOException e) {
      throw directory.explain("cannot be opened", e);
    } finally {
      users.writeLock().unlock();
    }
  }

  private RegistryState take(Beginning.Begun begun)
      throws StoreException, RocksDBException, IOException {
    if (begun instanceof Beginning.Begun.Held shown) {
      return hold(shown);
    }
    Beginning.Begun.Ready ready = (Beginning.Begun.Ready) begun;
    recovery = ready.recovery();
    RegistryState state = serve(ready.database());
    damage.forget();
    return state;
  }

  /** Serves from memory, without a database. */
  private RegistryState hold(Beginning.Begun.Held shown) {
    failed = true;
    readOnly = shown.why();
    revision = shown.state().revision();
    oldestRevision = revision + 1;
    return shown.state();
  }

  /** Why nothing can be changed until an admin has done something; null if changes are possible. */
  public @Nullable String readOnly() {
    return readOnly;
  }

  /** Has the time that each sync of a commit takes told, in nanoseconds. */
  public void measure(LongConsumer syncs) {
    syncTimes = syncs;
  }

  /** What this start has recovered; null if nothing. */
  public @Nullable String recovery() {
    return recovery;
  }

  /** The file that says what was recovered, until an admin removes it. */
  public Path recoveryReport() {
    return directory.path().resolve(DataFiles.REPORT);
  }

  /** The ids that the registry has, and had before it was recovered. */
  public List<UUID> ids() {
    Contents contents = held;
    return contents == null ? List.of() : contents.ids();
  }

  @Override
  public RegistryState open() throws StoreException {
    if (begun == null && held == null) {
      begin();
    }
    RegistryState first = begun;
    if (first != null) {
      begun = readOnly == null ? null : first;
      return first;
    }
    return exclusively(this::openDatabase);
  }

  /** With the write lock held. Never makes a database. */
  private RegistryState openDatabase() throws StoreException, RocksDBException, IOException {
    closeDatabase();
    return serve(new Database(directory.path(), Database.Mode.WRITE));
  }

  @Override
  public void commit(RegistryState state, List<Change> changes) throws StoreException {
    users.readLock().lock();
    try {
      if (readOnly != null && changes.isEmpty()) {
        return;
      }
      Database open = writable();
      directory.requireInPlace(); // what is written to one that is gone is lost with the process
      Contents before = Objects.requireNonNull(held);
      Contents next = before.followedBy(state);
      long startNs = System.nanoTime();
      copy.write(next, changes);
      syncTimes.accept(System.nanoTime() - startNs);
      open.commit(next, changes);
      boolean isRenamed = !next.id().equals(before.id());
      if (changes.isEmpty() || isRenamed || copy.isFull()) { // a start redoes changes only
        open.sync();
        copy.settle();
      }
      held = next;
      revision = state.revision();
    } catch (StoreException e) {
      failed = true;
      throw e;
    } catch (RocksDBException | IOException e) { // the copy may have it; opening anew shows that
      failed = true;
      if (DataDirectory.isDamage(e)) {
        damage.note();
      }
      throw directory.explain("cannot be written", e);
    } finally {
      users.readLock().unlock();
    }
  }

  @Override
  public void check() throws StoreException {
    users.readLock().lock();
    try {
      Database open = database;
      if (readOnly != null || failed || open == null) {
        return;
      }
      directory.requireInPlace();
      String missing = copy.isInPlace() ? open.missing() : "the state copy";
      if (!missing.isEmpty()) {
        throw directory.incomplete(missing);
      }
    } catch (StoreException e) {
      failed = true;
      throw e;
    } catch (RocksDBException e) {
      failed = true;
      throw directory.explain("cannot be read", e);
    } finally {
      users.readLock().unlock();
    }
  }

  @Override
  public List<Change> history(long sinceRevision, long lastRevision, int limit)
      throws StoreException {
    long first = Math.max(sinceRevision + 1, oldestRevision);
    return readOnly != null
        ? List.of()
        : reading(open -> HistoryRows.read(open, first, Math.min(lastRevision, revision), limit));
  }

  @Override
  public long oldestRevision() throws StoreException {
    return readOnly != null ? oldestRevision : reading(open -> oldestRevision);
  }

  /** Reads all of the history, to find damage in parts that may not be read for a long time. */
  public void checkHistory() {
    try {
      for (long next = 1; next != HistoryRows.NONE; ) {
        long first = next;
        next = reading(open -> HistoryRows.check(open, first));
      }
    } catch (StoreException ignored) {
      // damage() tells of damage; anything else that is wrong shows at the next commit.
    }
  }

  private <T> T reading(DatabaseUse.Reading<T> reading) throws StoreException {
    users.readLock().lock();
    try {
      return reading.of(readable());
    } catch (RocksDBException e) {
      throw DataDirectory.isDamage(e) ? damage.explain(e) : directory.explain("cannot be read", e);
    } finally {
      users.readLock().unlock();
    }
  }

  @Override
  public Uses uses() throws StoreException {
    return database == null
        ? Uses.NONE
        : reading(open -> Records.readUses(open.fact(Database.USES_FACT)));
  }

  @Override
  public void keepUses(Uses uses) throws StoreException {
    writing(open -> open.putUses(Records.uses(uses)));
  }

  @Override
  public void trim(long keep, long beforeAgeMs) throws StoreException {
    writing(
        open -> {
          long first = Math.max(oldestRevision, revision - keep + 1);
          first = HistoryRows.firstAfter(open, first, beforeAgeMs);
          if (first > oldestRevision) {
            open.deleteChangesBefore(first);
            oldestRevision = first;
          }
        });
  }

  /** Writes what need not be durable at once. Nothing is written if the database is damaged. */
  private void writing(DatabaseUse.Writing writing) throws StoreException {
    if (readOnly != null) {
      return;
    }
    users.readLock().lock();
    try {
      writing.to(writable());
    } catch (RocksDBException e) {
      failed = !DataDirectory.isDamage(e); // a later start deals with damage
      if (failed) {
        throw directory.explain("cannot be written", e);
      }
      var unused = damage.explain(e);
    } finally {
      users.readLock().unlock();
    }
  }

  /** Closes the database and lets go of the lock. Does nothing the second time. */
  @Override
  public void close() {
    users.writeLock().lock();
    try {
      flush();
      closeDatabase();
      copy.close();
      directory.close();
    } finally {
      users.writeLock().unlock();
    }
  }

  /** With the write lock held. Closes the database if it cannot be served. */
  private RegistryState serve(Database fresh) throws RocksDBException, StoreException, IOException {
    boolean loaded = false;
    try {
      Contents contents = new DatabaseReader(directory).read(fresh);
      copy.renew(contents);
      held = contents;
      revision = contents.revision();
      oldestRevision = DatabaseReader.firstRevision(fresh, revision);
      database = fresh;
      failed = false;
      loaded = true;
      return contents.state();
    } finally {
      if (!loaded) {
        fresh.close();
      }
    }
  }

  /** With the read lock held. */
  private Database readable() throws StoreException {
    Database open = database;
    if (open == null) {
      throw directory.failure(
          "cannot be read", "its database is not open", "see why it could not be opened", null);
    }
    return open;
  }

  /** With the read lock held. */
  private Database writable() throws StoreException {
    Database open = readable();
    if (failed) {
      throw directory.failure(
          "cannot be written", "an earlier change failed", "the store is to be opened anew", null);
    }
    return open;
  }

  /** Moves what is only in the log into tables, as it would be lost with the log. */
  private void flush() {
    Database open = database;
    Contents contents = held;
    if (open != null && contents != null && !failed) {
      try {
        open.flush();
        copy.settle();
        copy.write(contents, List.of()); // nothing is to be committed again
      } catch (RocksDBException | IOException ignored) {
        // Everything is in the log or in the state copy, and synced.
      }
    }
  }

  /** With the write lock held. */
  private void closeDatabase() {
    Database open = database;
    database = null;
    if (open != null) {
      open.close();
    }
  }

  /** What a reader found to be damaged; null if nothing. For any thread. */
  public @Nullable String damage() {
    return damage.met();
  }
}
