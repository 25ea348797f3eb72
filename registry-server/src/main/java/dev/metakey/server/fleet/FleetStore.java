package dev.metakey.server.fleet;

import com.google.protobuf.ByteString;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values that all hosts of a fleet share. Each change has a revision, and a transaction is
 * done as a whole or not at all.
 *
 * <p>Where a key is asked for, one that ends in {@code /} stands for all keys that begin with it.
 *
 * <p>Calls wait for the answer, no longer than the store's timeout for each of its members.
 */
public interface FleetStore extends AutoCloseable {
  /**
   * A key as it was at some revision.
   *
   * @param value null: the key was deleted
   * @param revision of its last change
   */
  record Entry(String key, @Nullable ByteString value, long revision) {
    /** A fleet has no longer values. */
    private static final int MOST_BYTES = 8_192;

    /** Reads as no message, and stands for what is too long to be kept. */
    private static final ByteString TOO_LONG = ByteString.copyFrom(new byte[] {7});

    public Entry {
      value = value != null && value.size() > MOST_BYTES ? TOO_LONG : value;
    }
  }

  /**
   * What was read, at one revision.
   *
   * @param entries by key
   */
  record Read(long revision, SortedMap<String, Entry> entries) {}

  /** Is told of changes, on a thread of the store's: returns soon. */
  interface Listener {
    /**
     * @param entries in the order of their changes
     */
    void changed(List<Entry> entries, long revision);

    /** There will be no more. What was missed has to be read. */
    void ended(String why);
  }

  /** Ends when it is closed. */
  interface Watch extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * @throws FleetException if the store does not answer
   */
  Read read(Collection<String> keys) throws FleetException;

  /**
   * How many keys begin so.
   *
   * @throws FleetException if the store does not answer
   */
  long count(String keys) throws FleetException;

  /**
   * @return false if what the transaction expects is not so, and nothing was changed
   * @throws FleetException if the store does not answer, or takes no change. The transaction may
   *     have been done all the same.
   */
  boolean commit(Txn txn) throws FleetException;

  /**
   * Tells of the changes after a revision.
   *
   * @param keys ends in a slash
   */
  Watch watch(String keys, long afterRevision, Listener listener);

  @Override
  void close();
}
