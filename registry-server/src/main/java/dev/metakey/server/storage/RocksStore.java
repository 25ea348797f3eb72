package dev.metakey.server.storage;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.RegistryState;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Status;
import org.rocksdb.WriteBatch;

/**
 * Keeps the registry in a RocksDB database.
 *
 * <p><b>Durability.</b> A commit is one batch, synced: the fields, the changes and the facts that
 * belong together are all there after a power loss, or none is. The facts are written with every
 * commit, so that the revision in them always is that of the last change.
 *
 * <p><b>Failure.</b> After a failed commit nothing can be committed until the store has been opened
 * anew, as only reading the log back tells what became of it. The changes that were committed
 * before can still be read. Opening anew looks at the directory first, and leaves the failed
 * database open, for readers, while that already tells that it would be in vain.
 *
 * <p><b>Concurrency.</b> Whoever uses the database holds {@link #users}' read lock, the writer and
 * any number of readers; whoever opens or closes it holds the write lock. So nobody touches a
 * native handle that is gone. Readers see only what a commit has returned for: {@link #revision}.
 */
public final class RocksStore implements Store {
  /** What this version writes and reads. Raised when an older metakeyd would misread the data. */
  static final int FORMAT = 1;

  /** This fact is four big-endian bytes in every format, so that all versions can read it. */
  static final String FORMAT_FACT = "format";

  static final String REGISTRY_FACT = "registry";

  private final DataDirectory directory;
  private final Supplier<RegistryState> whenEmpty;
  private final ReadWriteLock users = new ReentrantReadWriteLock(true);
  private @Nullable Database database;
  private volatile boolean failed;

  /** The last committed one. */
  private volatile long revision;

  private volatile long oldestRevision;

  /**
   * Opens nothing yet.
   *
   * @param whenEmpty makes the state of a new database
   */
  public RocksStore(Path data, Supplier<RegistryState> whenEmpty) {
    this.directory = new DataDirectory(data);
    this.whenEmpty = whenEmpty;
  }

  @Override
  public RegistryState open() throws StoreException {
    loadLibrary();
    users.writeLock().lock();
    try {
      failed = true;
      directory.claim();
      closeDatabase();
      checkFormat(Database.peekFact(directory.path(), FORMAT_FACT));
      RegistryState state = open(new Database(directory.path()));
      failed = false;
      return state;
    } catch (RocksDBException e) {
      throw explain("cannot be opened", e);
    } finally {
      users.writeLock().unlock();
    }
  }

  @Override
  public void commit(RegistryState state, List<Change> changes) throws StoreException {
    users.readLock().lock();
    try (WriteBatch batch = new WriteBatch()) {
      Database open = writable();
      putFacts(open, batch, state);
      for (Change change : changes) {
        open.putChange(batch, change.revision(), Records.change(change));
        int id = change.field().id();
        Field field = state.snapshot().byId(id);
        if (field == null) {
          open.deleteKey(batch, id);
        } else {
          open.putKey(batch, id, Records.key(field));
        }
      }
      open.write(batch);
      revision = state.revision();
    } catch (RocksDBException e) {
      failed = true;
      throw explain("cannot be written", e);
    } finally {
      users.readLock().unlock();
    }
  }

  @Override
  public List<Change> history(long sinceRevision, int limit) throws StoreException {
    users.readLock().lock();
    try (RocksIterator rows = readable().history()) {
      long last = revision;
      List<Change> changes = new ArrayList<>();
      long commit = 0;
      rows.seek(Database.revisionKey(Math.max(sinceRevision + 1, oldestRevision)));
      for (; rows.isValid() && Database.revision(rows.key()) <= last; rows.next()) {
        Change change = Records.readChange(rows.value());
        if (changes.size() >= limit && change.commitRevision() != commit) {
          break;
        }
        changes.add(change);
        commit = change.commitRevision();
      }
      rows.status();
      return List.copyOf(changes);
    } catch (RocksDBException e) {
      throw explain("cannot be read", e);
    } finally {
      users.readLock().unlock();
    }
  }

  @Override
  public long oldestRevision() throws StoreException {
    users.readLock().lock();
    try {
      readable();
      return oldestRevision;
    } finally {
      users.readLock().unlock();
    }
  }

  @Override
  public void trim(long keep, long olderThanMs) throws StoreException {
    users.readLock().lock();
    try {
      Database open = writable();
      long first = firstAfter(open, Math.max(oldestRevision, revision - keep + 1), olderThanMs);
      if (first > oldestRevision) {
        open.deleteChangesBefore(first);
        oldestRevision = first;
      }
    } catch (RocksDBException e) {
      failed = true;
      throw explain("cannot be written", e);
    } finally {
      users.readLock().unlock();
    }
  }

  /** Closes the database and lets go of the lock. Does nothing the second time. */
  @Override
  public void close() {
    users.writeLock().lock();
    try {
      closeDatabase();
      directory.close();
    } finally {
      users.writeLock().unlock();
    }
  }

  private RegistryState open(Database fresh) throws RocksDBException, StoreException {
    boolean loaded = false;
    try {
      RegistryState state = load(fresh);
      revision = state.revision();
      oldestRevision = firstRevision(fresh);
      database = fresh;
      loaded = true;
      return state;
    } finally {
      if (!loaded) {
        fresh.close();
      }
    }
  }

  private RegistryState load(Database open) throws RocksDBException, StoreException {
    List<Field> fields = new ArrayList<>();
    try (RocksIterator rows = open.keys()) {
      for (rows.seekToFirst(); rows.isValid(); rows.next()) {
        fields.add(Records.readKey(rows.value()));
      }
      rows.status();
    }
    long last = lastRevision(open);
    byte[] registry = open.fact(REGISTRY_FACT);
    byte[] format = open.fact(FORMAT_FACT);
    if (registry == null && format == null && fields.isEmpty() && last == 0) {
      create(open);
      return load(open);
    }
    if (registry == null || format == null) {
      throw damaged("it holds fields or changes, and not the facts that belong to them", null);
    }
    Records.Facts facts = Records.readFacts(registry);
    long committed = facts.info().revision();
    if (last != 0 && last != committed) {
      throw damaged(
          "its last change has revision %d, its facts say %d".formatted(last, committed), null);
    }
    try {
      return new RegistryState(Snapshot.of(facts.info(), fields), facts.bootId());
    } catch (IllegalArgumentException e) {
      throw damaged(e.getMessage(), e);
    }
  }

  private void create(Database open) throws RocksDBException {
    RegistryState state = whenEmpty.get();
    try (WriteBatch batch = new WriteBatch()) {
      open.putFact(batch, FORMAT_FACT, ByteBuffer.allocate(Integer.BYTES).putInt(FORMAT).array());
      putFacts(open, batch, state);
      for (Field field : state.snapshot().records()) {
        open.putKey(batch, field.id(), Records.key(field));
      }
      open.write(batch);
    }
  }

  private static void putFacts(Database open, WriteBatch batch, RegistryState state)
      throws RocksDBException {
    RegistryInfo info = state.snapshot().info();
    open.putFact(batch, REGISTRY_FACT, Records.facts(new Records.Facts(info, state.bootId())));
  }

  private void checkFormat(byte @Nullable [] fact) throws StoreException {
    if (fact == null) {
      return;
    }
    int format = fact.length == Integer.BYTES ? ByteBuffer.wrap(fact).getInt() : 0;
    if (format < 1) {
      throw damaged("its format fact is not a number from 1 up", null);
    }
    if (format > FORMAT) {
      throw directory.failure(
          "cannot be opened",
          "it has format %d, and this metakeyd reads formats up to %d".formatted(format, FORMAT),
          "run the newer metakeyd that wrote it; nothing was changed",
          null);
    }
  }

  /** 0 where no change is kept. */
  private static long lastRevision(Database open) throws RocksDBException {
    try (RocksIterator rows = open.history()) {
      rows.seekToLast();
      rows.status();
      return rows.isValid() ? Database.revision(rows.key()) : 0;
    }
  }

  private long firstRevision(Database open) throws RocksDBException {
    try (RocksIterator rows = open.history()) {
      rows.seekToFirst();
      rows.status();
      return rows.isValid() ? Database.revision(rows.key()) : revision + 1;
    }
  }

  /** The first revision from {@code from} up whose change is not older; the next one if all are. */
  private long firstAfter(Database open, long from, long olderThanMs)
      throws RocksDBException, StoreException {
    long first = from;
    try (RocksIterator rows = open.history()) {
      for (rows.seek(Database.revisionKey(from)); rows.isValid(); rows.next()) {
        Change change = Records.readChange(rows.value());
        if (change.atMs() >= olderThanMs) {
          break;
        }
        first = change.revision() + 1;
      }
      rows.status();
    }
    return first;
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

  /** With the write lock held. */
  private void closeDatabase() {
    Database open = database;
    database = null;
    if (open != null) {
      open.close();
    }
  }

  private StoreException explain(String what, RocksDBException e) {
    Status status = e.getStatus();
    if (status != null && status.getSubCode() == Status.SubCode.NoSpace) {
      return directory.full(e);
    }
    if (status != null && status.getCode() == Status.Code.Corruption) {
      return damaged(e.getMessage(), e);
    }
    return directory.explain(what, e);
  }

  private StoreException damaged(@Nullable String why, @Nullable Throwable cause) {
    return directory.failure("holds a damaged database", why, "restore a backup", cause);
  }

  private void loadLibrary() throws StoreException {
    try {
      RocksDB.loadLibrary();
    } catch (RuntimeException | UnsatisfiedLinkError e) {
      throw new StoreException(
          "RocksDB's native library cannot be loaded (%s): put librocksdbjni-linux64.so in a directory named by -Djava.library.path, or let java.io.tmpdir name one that may hold programs"
              .formatted(e.getMessage()),
          e);
    }
  }
}
