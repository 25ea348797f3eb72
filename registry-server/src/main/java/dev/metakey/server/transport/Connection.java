package dev.metakey.server.transport;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A connection, and what its peer holds through it. */
final class Connection {
  final PeerProcess peer;
  final boolean admin;
  final int quota;
  final AtomicInteger calls = new AtomicInteger();
  final AtomicInteger reflections = new AtomicInteger();
  final AtomicLong unreadBytes = new AtomicLong();
  final Executor thread;
  private final AtomicBoolean asked = new AtomicBoolean();
  private final Runnable close;

  /**
   * @param admin whether the peer may use the reserves
   * @param quota how many connections the policy gives its uid; negative: it says nothing
   * @param thread the one that reads and writes it
   * @param close ends it, from any thread
   */
  Connection(PeerProcess peer, boolean admin, int quota, Executor thread, Runnable close) {
    this.peer = peer;
    this.admin = admin;
    this.quota = quota;
    this.thread = thread;
    this.close = close;
  }

  int uid() {
    return peer.uid();
  }

  void close() {
    close.run();
  }

  /** Notes that a call came; true for the first one. */
  boolean beginsToAsk() {
    return !asked.get() && asked.compareAndSet(false, true);
  }

  /** {@code uid 1001, pid 4711 (python3)}. */
  @Override
  public String toString() {
    return "uid %s, pid %d (%s)"
        .formatted(Integer.toUnsignedString(peer.uid()), peer.pid(), peer.program());
  }
}
