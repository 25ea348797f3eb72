package dev.metakey.bench;

import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.storage.RocksStore;
import dev.metakey.server.storage.StoreException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ConfigOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.OptionsUtil;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * Does with bare RocksDB what the daemon's commit of one change does: the same options, read from
 * what the daemon's store wrote beside its data, and one synced batch with as many bytes.
 */
final class FloorDatabase implements Connection {
  private static final int KEYS = 1;
  private static final int HISTORY = 2;
  private static final int FACTS = 3;

  private static final byte[] FACTS_KEY = "registry".getBytes(StandardCharsets.US_ASCII);

  // As long as the daemon's records of a field with a short name and one owner.
  private static final byte[] FACTS_RECORD = new byte[66];
  private static final byte[] KEY_RECORD = new byte[80];
  private static final byte[] CHANGE_RECORD = new byte[180];

  private final RocksDB rocks;
  private final List<ColumnFamilyHandle> families;
  private final WriteOptions synced = new WriteOptions().setSync(true);
  private final AtomicLong revisions = new AtomicLong();

  private FloorDatabase(RocksDB rocks, List<ColumnFamilyHandle> families) {
    this.rocks = rocks;
    this.families = families;
  }

  /** Makes the database as the daemon would, and opens it without the daemon's code. */
  @SuppressWarnings("MustBeClosedChecker") // close() closes them
  static FloorDatabase open(Path directory) throws RocksDBException, StoreException {
    RocksStore store =
        new RocksStore(
            directory,
            () ->
                RegistryState.empty(
                    UUID.randomUUID(), Layout.SLOTTED, RegistryInfo.DEFAULT_AREA_BYTES));
    var unused = store.open();
    store.close();
    DBOptions options = new DBOptions();
    List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
    OptionsUtil.loadLatestOptions(new ConfigOptions(), directory.toString(), options, descriptors);
    List<ColumnFamilyHandle> families = new ArrayList<>();
    return new FloorDatabase(
        RocksDB.open(options, directory.toString(), descriptors, families), families);
  }

  /** Survives a power loss when it returns. From any thread: RocksDB syncs for several at once. */
  @Override
  public void call(Op op, String name) {
    long revision = revisions.incrementAndGet();
    try (WriteBatch batch = new WriteBatch()) {
      batch.put(families.get(FACTS), FACTS_KEY, FACTS_RECORD);
      batch.put(
          families.get(HISTORY),
          ByteBuffer.allocate(Long.BYTES).putLong(revision).array(),
          CHANGE_RECORD);
      batch.put(families.get(KEYS), new byte[] {(byte) (revision % 64)}, KEY_RECORD);
      rocks.write(synced, batch);
    } catch (RocksDBException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    synced.close();
    families.forEach(ColumnFamilyHandle::close);
    rocks.close();
  }
}
