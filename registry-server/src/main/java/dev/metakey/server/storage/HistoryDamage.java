package dev.metakey.server.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;

/**
 * Damage in the history, which a start does not read. Who meets it tells an admin, and leaves a
 * note for the next start, which then reads all of the database and keeps it aside if it is
 * damaged. Concurrency: any thread.
 */
final class HistoryDamage {
  /** Belongs to the database, and goes where that goes. */
  static final String NOTE = "history-damaged";

  private final DataDirectory directory;
  private final Path note;
  private volatile @Nullable String met;

  HistoryDamage(DataDirectory directory) {
    this.directory = directory;
    this.note = directory.path().resolve(NOTE);
  }

  /** What was met since the daemon started; null: nothing. */
  @Nullable String met() {
    return met;
  }

  /** What to answer who wanted to read it. */
  StoreException explain(RocksDBException cause) {
    StoreException damaged = directory.damagedHistory(cause);
    met = damaged.getMessage();
    note();
    return damaged;
  }

  boolean isNoted() {
    return Files.exists(note, LinkOption.NOFOLLOW_LINKS);
  }

  /** Where it cannot be noted, the next start does not know of it, and meets it again. */
  void note() {
    try {
      if (!isNoted()) {
        Files.createFile(note);
        DataFiles.sync(directory.path());
      }
    } catch (IOException ignored) {
      // The disk is failing.
    }
  }

  /** The database was read, and is sound. */
  void forget() throws IOException {
    Files.deleteIfExists(note);
  }
}
