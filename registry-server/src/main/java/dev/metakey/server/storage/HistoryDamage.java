package dev.metakey.server.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;

/**
 * Damage in the history, which a start does not read. When a reader meets some, it is reported as a
 * problem, and a note is left for the next start, which then reads all of the database and keeps it
 * aside if it is damaged. Thread-safe.
 */
final class HistoryDamage {
  /** The note belongs to the database, and is moved aside with it. */
  static final String NOTE = "history-damaged";

  private final DataDirectory directory;
  private final Path note;
  private volatile @Nullable String met;

  HistoryDamage(DataDirectory directory) {
    this.directory = directory;
    this.note = directory.path().resolve(NOTE);
  }

  /** What was met since the daemon started; null if nothing was. */
  @Nullable String met() {
    return met;
  }

  /** Takes note of damage, and says what to answer to the reader that met it. */
  StoreException explain(RocksDBException cause) {
    StoreException damaged = directory.damagedHistory(cause);
    met = damaged.getMessage();
    note();
    return damaged;
  }

  boolean isNoted() {
    return Files.exists(note, LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * Leaves the note. If that fails, the next start does not know of the damage, and a reader meets
   * it again.
   */
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

  /** Removes the note, as the database was read and is sound. */
  void forget() throws IOException {
    Files.deleteIfExists(note);
  }
}
