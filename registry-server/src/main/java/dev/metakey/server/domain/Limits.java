package dev.metakey.server.domain;

/**
 * What peers can make the daemon hold. The launcher gives it 64 MB of heap and 32 MB of direct
 * memory; these bounds leave room in both, however much anybody asks for.
 *
 * @param connections open at a time
 * @param calls open at a time, including waits and watches
 * @param arriving calls whose request has not arrived completely; each may hold {@link
 *     #MESSAGE_BYTES}
 * @param unreadBytes bytes of answers that the peers have not read yet
 * @param waits resolves that wait for a name
 * @param watches open at a time
 * @param queued commands that wait for the writer
 * @param callsPerSecond how many calls an ordinary uid may make in a second, on average
 * @param each what one connection may do
 */
public record Limits(
    Bound connections,
    Bound calls,
    Bound arriving,
    Bound unreadBytes,
    Bound waits,
    Bound watches,
    Bound queued,
    int callsPerSecond,
    Connection each) {

  /** The longest request, bytes. 64 fields with all that they may have take 22 kB. */
  public static final int MESSAGE_BYTES = 32 * 1024;

  /**
   * The most values at the top level of one request: no call takes more than 64 fields or names.
   */
  public static final int MESSAGE_VALUES = 128;

  /**
   * About 80 for jars, files and event loops, 32 for tables of the database, 64 for connections
   * that are looked at, 32 for those that are told why they are refused, and some to read files.
   */
  private static final int OWN_DESCRIPTORS = 256;

  private static final int FEWEST_CONNECTIONS = 16;
  private static final int FEWEST_CONNECTS_PER_SECOND = 512;

  /** The limits that the daemon has. */
  public static final Limits DEFAULTS =
      new Limits(
          new Bound("connections", 256, 1024, 64),
          new Bound("open calls", 2048, 8192, 1024),
          new Bound("unfinished requests", 384, 768, 128),
          new Bound("bytes of answers that were not read", 6 << 20, 12 << 20, 4 << 20),
          new Bound("waiting calls", 1024, 4096, 512),
          new Bound("watches", 1024, 4096, 512),
          new Bound("changes waiting for the writer", 256, 1024, 128),
          5_000,
          new Connection(128, 4, 4 << 20, 10_000, 10_000, 60_000, 600_000));

  /**
   * How many connections a uid may open in a second, on average. Two seconds' worth may come at
   * once, which is as many as there may be in all: they all come back when the daemon was started
   * again. To find out who a peer is takes a hundred times longer than to connect.
   */
  public int connectsPerSecond() {
    return (int) Math.max(FEWEST_CONNECTS_PER_SECOND, connections.total() / 2);
  }

  /**
   * The same, with no more connections than the daemon can have file descriptors for, besides
   * {@value #OWN_DESCRIPTORS} for itself; but 16 in any case.
   *
   * @param descriptors how many the process may have open
   */
  public Limits within(long descriptors) {
    long most = Math.max(FEWEST_CONNECTIONS, descriptors - OWN_DESCRIPTORS);
    return most >= connections.total()
        ? this
        : new Limits(
            connections.scaledTo(most),
            calls,
            arriving,
            unreadBytes,
            waits,
            watches,
            queued,
            callsPerSecond,
            each);
  }

  /**
   * How much there may be.
   *
   * @param what the word for it in messages, in the plural
   * @param perUid what one ordinary uid may hold
   * @param total what all may hold together
   * @param reserve what of the total is left to admins
   */
  public record Bound(String what, long perUid, long total, long reserve) {
    /** Another total, of which a uid and admins have the same parts. */
    public Bound scaledTo(long newTotal) {
      return new Bound(what, perUid * newTotal / total, newTotal, reserve * newTotal / total);
    }

    /** What one admin may hold: one ordinary uid's part stays for others, unless that is more. */
    public long perAdmin() {
      return Math.max(perUid, total - perUid);
    }

    /** The same, with another part for one uid. */
    public Bound withPerUid(long newPerUid) {
      return new Bound(what, newPerUid, total, reserve);
    }
  }

  /**
   * What one connection may do.
   *
   * @param streams calls open at a time
   * @param reflections how many of these may be reflection calls
   * @param unreadBytes bytes of answers that were not read yet; one answer of any length is always
   *     allowed
   * @param silenceMs how long a client that connected may take to begin, milliseconds
   * @param requestMs how long a request may take to arrive, milliseconds
   * @param unreadMs how long an answer may wait to be read, milliseconds
   * @param idleMs how long a connection without any call is kept, milliseconds
   */
  public record Connection(
      int streams,
      int reflections,
      long unreadBytes,
      long silenceMs,
      long requestMs,
      long unreadMs,
      long idleMs) {}
}
