package dev.metakey.server.storage;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.server.domain.RegistryState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rocksdb.AbstractNativeReference;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * One opened RocksDB database, with everything native that belongs to it. Never used after {@link
 * #close}: the caller sees to that, as RocksDB would crash the process.
 *
 * <p>The write-ahead log is read back with {@code TolerateCorruptedTailRecords}: a record that was
 * being written when the power went is dropped, as nobody was told of it, while damage further up
 * is refused. RocksDB's default would quietly stop at the damage and forget acknowledged changes.
 * This is also why log files are not recycled: in a recycled log the two cannot be told apart.
 */
final class Database implements AutoCloseable {
  private static final int KB = 1 << 10;
  private static final int MB = 1 << 20;
  private static final byte[] KEYS = utf8("keys");
  private static final byte[] HISTORY = utf8("history");
  private static final byte[] FACTS = utf8("facts");
  static final String USES_FACT = "uses";
  private static final String MACHINE_FACT = "machine";

  /** Closed in the reverse order. */
  private final Deque<AbstractNativeReference> owned = new ArrayDeque<>();

  private final Path path;
  private final RocksDB rocks;
  private final ColumnFamilyHandle keys;
  private final ColumnFamilyHandle history;
  private final ColumnFamilyHandle facts;
  private final WriteOptions synced;
  private final WriteOptions lazy;
  private final ReadOptions passing;

  /** How a database is opened. */
  enum Mode {
    /** Makes it where there is none: RocksDB then removes files that it does not know. */
    CREATE,
    WRITE,
    /** Changes and removes nothing. */
    READ
  }

  Database(Path path, Mode mode) throws RocksDBException {
    this.path = path;
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    boolean opened = false;
    try {
      DBOptions options = own(databaseOptions());
      options.setCreateIfMissing(mode == Mode.CREATE);
      options.setCreateMissingColumnFamilies(mode == Mode.CREATE);
      List<ColumnFamilyDescriptor> families = families();
      rocks =
          mode == Mode.READ
              ? RocksDB.openReadOnly(options, path.toString(), families, handles)
              : RocksDB.open(options, path.toString(), families, handles);
      own(rocks);
      handles.forEach(this::own);
      keys = handles.get(1);
      history = handles.get(2);
      facts = handles.get(3);
      synced = own(new WriteOptions().setSync(true));
      lazy = own(new WriteOptions());
      passing = own(new ReadOptions().setFillCache(false));
      opened = true;
    } finally {
      if (!opened) {
        close();
      }
    }
  }

  /** To be called before anything else of RocksDB's. */
  static void loadLibrary() throws StoreException {
    try {
      RocksDB.loadLibrary();
    } catch (RuntimeException | UnsatisfiedLinkError e) {
      throw new StoreException(
          "RocksDB's native library cannot be loaded (%s): put librocksdbjni-linux64.so in a directory named by -Djava.library.path, or let java.io.tmpdir name one that may hold programs"
              .formatted(e.getMessage()),
          e);
    }
  }

  /**
   * Reads a fact without changing a byte of the database; null where there is no database, or no
   * such fact.
   */
  static byte @Nullable [] peekFact(Path path, String name) throws RocksDBException {
    if (!Files.exists(path.resolve("CURRENT"))) {
      return null;
    }
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    try (Options options = new Options();
        ColumnFamilyOptions defaults = new ColumnFamilyOptions();
        DBOptions readOnly = new DBOptions().setMaxFileOpeningThreads(1)) {
      readOnly.setWalRecoveryMode(WALRecoveryMode.TolerateCorruptedTailRecords);
      List<byte[]> families = RocksDB.listColumnFamilies(options, path.toString());
      if (families.stream().noneMatch(family -> Arrays.equals(family, FACTS))) {
        return null;
      }
      List<ColumnFamilyDescriptor> wanted =
          List.of(
              new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, defaults),
              new ColumnFamilyDescriptor(FACTS, defaults));
      try (RocksDB rocks = RocksDB.openReadOnly(readOnly, path.toString(), wanted, handles)) {
        try {
          return rocks.get(handles.get(1), utf8(name));
        } finally {
          handles.forEach(ColumnFamilyHandle::close);
        }
      }
    }
  }

  byte @Nullable [] fact(String name) throws RocksDBException {
    return rocks.get(facts, utf8(name));
  }

  /** Writes everything that a new database holds. */
  void make(Contents contents, String machine) throws RocksDBException {
    try (WriteBatch batch = new WriteBatch()) {
      byte[] format = ByteBuffer.allocate(Integer.BYTES).putInt(RocksStore.FORMAT).array();
      putFact(batch, RocksStore.FORMAT_FACT, format);
      putName(batch, contents, machine);
      for (Field field : contents.state().snapshot().records()) {
        putKey(batch, field.id(), Records.key(field));
      }
      write(batch);
    }
  }

  /** Gives the registry another id, and notes the machine that it is on. */
  void rename(Contents contents, String machine) throws RocksDBException {
    try (WriteBatch batch = new WriteBatch()) {
      putName(batch, contents, machine);
      write(batch);
    }
  }

  private void putName(WriteBatch batch, Contents contents, String machine)
      throws RocksDBException {
    putFact(batch, RocksStore.FORMER_FACT, Former.bytes(contents.former()));
    putFact(batch, MACHINE_FACT, utf8(machine));
    putState(batch, contents.state());
  }

  /** The machine that the database is on; empty if it is not known. */
  String machine() throws RocksDBException {
    byte[] machine = fact(MACHINE_FACT);
    return machine == null ? "" : new String(machine, StandardCharsets.UTF_8);
  }

  /** Notes the machine, if it was not known. */
  void noteMachine(String machine) throws RocksDBException {
    if (!machine.isEmpty() && machine().isEmpty()) {
      rocks.put(facts, synced, utf8(MACHINE_FACT), utf8(machine));
    }
  }

  /**
   * One commit, all or nothing. It survives the end of the process, but a power loss only after
   * {@link #sync}.
   *
   * @param changes what led from the contents that were written last to these
   */
  void commit(Contents contents, List<Change> changes) throws RocksDBException {
    RegistryState state = contents.state();
    try (WriteBatch batch = new WriteBatch()) {
      putFact(batch, RocksStore.FORMER_FACT, Former.bytes(contents.former()));
      putState(batch, state);
      for (Change change : changes) {
        putChange(batch, change.revision(), Records.change(change, state.clock().ageMs()));
        int id = change.field().id();
        Field field = state.snapshot().byId(id);
        if (field == null) {
          deleteKey(batch, id);
        } else {
          putKey(batch, id, Records.key(field));
        }
      }
      rocks.write(lazy, batch);
    }
  }

  /** Everything that was committed survives a power loss when this returns. */
  void sync() throws RocksDBException {
    rocks.syncWal();
  }

  private void putState(WriteBatch batch, RegistryState state) throws RocksDBException {
    Records.Facts facts =
        new Records.Facts(state.snapshot().info(), state.tag(), state.bootId(), state.clock());
    putFact(batch, RocksStore.REGISTRY_FACT, Records.facts(facts));
  }

  void putFact(WriteBatch batch, String name, byte[] value) throws RocksDBException {
    batch.put(facts, utf8(name), value);
  }

  void putKey(WriteBatch batch, int id, byte[] value) throws RocksDBException {
    batch.put(keys, idKey(id), value);
  }

  void deleteKey(WriteBatch batch, int id) throws RocksDBException {
    batch.delete(keys, idKey(id));
  }

  void putChange(WriteBatch batch, long revision, byte[] value) throws RocksDBException {
    batch.put(history, revisionKey(revision), value);
  }

  /** Everything in the batch survives a power loss when this returns. */
  void write(WriteBatch batch) throws RocksDBException {
    rocks.write(synced, batch);
  }

  /** Reads everything, to find damage. */
  void verify() throws RocksDBException {
    rocks.verifyChecksum();
  }

  /**
   * Names a file that the database has open and that was removed, so that what is written there is
   * lost with the process; empty if there is none.
   */
  String missing() throws RocksDBException {
    String missing = missingTable();
    if (!missing.isEmpty()) {
      missing = missingTable(); // RocksDB itself may have removed it
    }
    return missing.isEmpty() && !hasLog() ? "the log" : missing;
  }

  private boolean hasLog() {
    try (DirectoryStream<Path> logs = Files.newDirectoryStream(path, "*.log")) {
      return logs.iterator().hasNext();
    } catch (NoSuchFileException gone) {
      return false;
    } catch (
        IOException unseen) { // no file descriptor is left, say, which tells nothing of the log
      return true;
    }
  }

  private String missingTable() throws RocksDBException {
    for (String file : rocks.getLiveFiles(false).files) {
      if (!Files.exists(path.resolve(file.substring(1)))) { // begins with a slash
        return file.substring(1);
      }
    }
    return "";
  }

  /** Moves what is only in the log into tables, so that nothing older is lost with the log. */
  void flush() throws RocksDBException {
    try (FlushOptions wait = new FlushOptions().setWaitForFlush(true)) {
      rocks.flush(wait, List.of(keys, history, facts));
    }
  }

  /** May be lost in a power loss. */
  void putUses(byte[] uses) throws RocksDBException {
    rocks.put(facts, lazy, utf8(USES_FACT), uses);
  }

  /** Forgets the changes before a revision. They may come back after a power loss. */
  void deleteChangesBefore(long revision) throws RocksDBException {
    rocks.deleteRange(history, lazy, revisionKey(0), revisionKey(revision));
  }

  /** By ascending id; the caller closes it. */
  RocksIterator keys() {
    return rocks.newIterator(keys);
  }

  /**
   * By ascending revision; the caller closes it. What is read is not cached, as it is seldom read
   * twice.
   */
  RocksIterator history() {
    return rocks.newIterator(history, passing);
  }

  static byte[] revisionKey(long revision) {
    return ByteBuffer.allocate(Long.BYTES).putLong(revision).array();
  }

  static long revision(byte[] key) {
    return ByteBuffer.wrap(key).getLong();
  }

  @Override
  public void close() {
    while (!owned.isEmpty()) {
      owned.pop().close();
    }
  }

  private <T extends AbstractNativeReference> T own(T reference) {
    owned.push(reference);
    return reference;
  }

  /**
   * Options for a small database that one thread writes to now and then: small buffers, few files,
   * little logging.
   */
  private static DBOptions databaseOptions() {
    return new DBOptions()
        .setWalRecoveryMode(WALRecoveryMode.TolerateCorruptedTailRecords)
        .setMaxBgErrorResumeCount(0)
        .setMaxOpenFiles(32)
        .setMaxFileOpeningThreads(1)
        .setMaxBackgroundJobs(2)
        .setAllowConcurrentMemtableWrite(false)
        .setEnableWriteThreadAdaptiveYield(false)
        .setMaxTotalWalSize(4 * MB)
        .setMaxManifestFileSize(MB)
        .setManifestPreallocationSize(64 * KB)
        .setSkipStatsUpdateOnDbOpen(true)
        .setStatsDumpPeriodSec(0)
        .setStatsPersistPeriodSec(0)
        .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
        .setMaxLogFileSize(256 * KB)
        .setKeepLogFileNum(2);
  }

  private List<ColumnFamilyDescriptor> families() {
    Cache cache = own(new LRUCache(MB));
    ColumnFamilyOptions options =
        own(
            new ColumnFamilyOptions()
                .setWriteBufferSize(MB)
                .setCompressionType(CompressionType.NO_COMPRESSION)
                .setTargetFileSizeBase(4 * MB)
                .setTableFormatConfig(new BlockBasedTableConfig().setBlockCache(cache)));
    return List.of(
        new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, options),
        new ColumnFamilyDescriptor(KEYS, options),
        new ColumnFamilyDescriptor(HISTORY, options),
        new ColumnFamilyDescriptor(FACTS, options));
  }

  private static byte[] idKey(int id) {
    return new byte[] {(byte) id};
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
