package dev.metakey.server.storage;

import dev.metakey.model.Change;
import java.util.ArrayList;
import java.util.List;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** Reads the changes that a database keeps. */
final class HistoryRows {
  /**
   * Reading these takes a few milliseconds, and whoever wants to close the database waits for it.
   */
  private static final int ROWS_AT_A_TIME = 4096;

  /** No revision. */
  static final long NONE = 0;

  private HistoryRows() {}

  /**
   * The changes from one revision to another, both included. Never ends between two that were
   * committed together, so they may be a few more than the limit.
   */
  static List<Change> read(Database open, long first, long last, int limit)
      throws RocksDBException, StoreException {
    List<Change> changes = new ArrayList<>();
    long commit = 0;
    try (RocksIterator rows = open.history()) {
      rows.seek(Database.revisionKey(first));
      for (; rows.isValid() && Database.revision(rows.key()) <= last; rows.next()) {
        Change change = Records.readChange(rows.value());
        if (changes.size() >= limit && change.commitRevision() != commit) {
          break;
        }
        changes.add(change);
        commit = change.commitRevision();
      }
      rows.status();
    }
    return List.copyOf(changes);
  }

  /**
   * Reads a few thousand rows, to find damage.
   *
   * @param first the first revision to be read
   * @return the first revision that was not read; {@link #NONE} if none is left
   */
  static long check(Database open, long first) throws RocksDBException {
    try (RocksIterator rows = open.history()) {
      rows.seek(Database.revisionKey(first));
      for (int i = 0; i < ROWS_AT_A_TIME && rows.isValid(); i++) {
        rows.next();
      }
      rows.status();
      return rows.isValid() ? Database.revision(rows.key()) : NONE;
    }
  }

  /**
   * The first revision, from {@code from} on, whose change was committed at {@code beforeAgeMs} or
   * later; the next revision if there is none.
   */
  static long firstAfter(Database open, long from, long beforeAgeMs)
      throws RocksDBException, StoreException {
    long first = from;
    try (RocksIterator rows = open.history()) {
      for (rows.seek(Database.revisionKey(from)); rows.isValid(); rows.next()) {
        if (Records.readChangeAgeMs(rows.value()) >= beforeAgeMs) {
          break;
        }
        first = Database.revision(rows.key()) + 1;
      }
      rows.status();
    }
    return first;
  }
}
