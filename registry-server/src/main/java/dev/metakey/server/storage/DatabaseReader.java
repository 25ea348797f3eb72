package dev.metakey.server.storage;

import dev.metakey.model.Field;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.RegistryState;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** Reads a whole database, and finds out whether its parts belong together. */
final class DatabaseReader {
  private final DataDirectory directory;

  DatabaseReader(DataDirectory directory) {
    this.directory = directory;
  }

  /**
   * What an opened database holds.
   *
   * @throws OtherFormatException if it has another format than this metakeyd reads
   * @throws StoreException if it is damaged
   */
  Contents read(Database open) throws RocksDBException, StoreException {
    checkFormat(open.fact(RocksStore.FORMAT_FACT));
    List<Field> fields = new ArrayList<>();
    try (RocksIterator rows = open.keys()) {
      for (rows.seekToFirst(); rows.isValid(); rows.next()) {
        fields.add(Records.readKey(rows.value()));
      }
      rows.status();
    }
    long last = lastRevision(open);
    var unused =
        firstRevision(open, last); // to meet damage there before the database is opened for writing
    byte[] registry = open.fact(RocksStore.REGISTRY_FACT);
    if (registry == null) {
      throw directory.damaged("the facts that belong to a registry are missing", null);
    }
    Records.Facts facts = Records.readFacts(registry);
    long committed = facts.info().revision();
    if (last != 0 && last != committed) {
      throw directory.damaged(
          "its last change has revision %d, its facts say %d".formatted(last, committed), null);
    }
    try {
      RegistryState state =
          new RegistryState(Snapshot.of(facts.info(), fields), facts.bootId())
              .with(facts.tag())
              .at(facts.clock());
      return new Contents(state, Former.parse(open.fact(RocksStore.FORMER_FACT)));
    } catch (IllegalArgumentException e) {
      throw directory.damaged(e.getMessage(), e);
    }
  }

  /**
   * @param fact the stored format; null if it is missing, as in a damaged database
   * @throws OtherFormatException if it is another format than this metakeyd reads
   */
  void checkFormat(byte @Nullable [] fact) throws StoreException {
    int format = fact != null && fact.length == Integer.BYTES ? ByteBuffer.wrap(fact).getInt() : 0;
    if (format < 1) {
      throw directory.damaged("its format fact is not a number from 1 up", null);
    }
    if (format != RocksStore.FORMAT) {
      throw new OtherFormatException(
          "data directory %s cannot be opened: it has format %d, and this metakeyd reads format %d; run the metakeyd that wrote it; nothing was changed"
              .formatted(directory.path(), format, RocksStore.FORMAT));
    }
  }

  /** The revision of the last change; 0 if no change is kept. */
  private static long lastRevision(Database open) throws RocksDBException {
    try (RocksIterator rows = open.history()) {
      rows.seekToLast();
      rows.status();
      return rows.isValid() ? Database.revision(rows.key()) : 0;
    }
  }

  /** The revision of the first change that is kept; the next revision if none is. */
  static long firstRevision(Database open, long revision) throws RocksDBException {
    try (RocksIterator rows = open.history()) {
      rows.seekToFirst();
      rows.status();
      return rows.isValid() ? Database.revision(rows.key()) : revision + 1;
    }
  }
}
