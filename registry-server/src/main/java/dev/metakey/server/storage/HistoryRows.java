package dev.metakey.server.storage;

import dev.metakey.model.Change;
import java.util.ArrayList;
import java.util.List;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** Reads the changes that a database keeps. */
final class HistoryRows {
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
   * The first revision from {@code from} up whose change is not from before; the next one if all
   * are.
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
