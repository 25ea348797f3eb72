package dev.metakey.server.transport;

import dev.metakey.model.Peer;
import dev.metakey.server.engine.Budget;
import dev.metakey.server.engine.Limits;
import dev.metakey.server.engine.Shares;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is open on the socket, and how much more may be: see {@link Limits}. Thread-safe. */
final class Connections {
  final Limits limits;
  final Budget calls;
  final Budget arriving;
  final Budget unreadBytes;
  final FaultLog faults = new FaultLog(System::nanoTime);
  private final Budget open;
  private final Shares shares;

  /** Those that have a place. Guarded by this. */
  private final Set<Connection> counted = new HashSet<>();

  /** Those on which nothing was asked yet, the oldest first. Guarded by this. */
  private final Set<Connection> silent = new LinkedHashSet<>();

  /**
   * @param shares how many each may open, and who may use the reserves
   */
  Connections(Limits limits, Shares shares) {
    this.limits = limits;
    this.shares = shares;
    this.open = new Budget(limits.connections());
    this.calls = new Budget(limits.calls());
    this.arriving = new Budget(limits.arriving());
    this.unreadBytes = new Budget(limits.unreadBytes());
  }

  boolean isAdmin(Peer peer) {
    return shares.isAdmin(peer);
  }

  /** How many connections the policy gives the peer's uid, whatever it will claim to be. */
  int quota(Peer peer) {
    return shares.quota(peer);
  }

  /**
   * Counts a new connection and returns null, or returns why there are too many. Before that,
   * connections on which nothing was ever asked make room, the oldest first.
   */
  Budget.@Nullable Full open(Connection connection) {
    Budget.Full full = take(connection);
    for (Connection idle = idle(full, connection); idle != null; idle = idle(full, connection)) {
      closed(idle);
      faults.say(
          "connection closed: nothing was asked on it, and its place was needed; it came from %s"
              .formatted(idle));
      idle.close();
      full = take(connection);
    }
    return full;
  }

  private synchronized Budget.@Nullable Full take(Connection connection) {
    Budget.Full full = open.take(connection.uid(), connection.admin, connection.quota, 1);
    if (full == null) {
      counted.add(connection);
      silent.add(connection);
    }
    return full;
  }

  /**
   * The connection that makes room: one of the same uid or, if all together are too many, of any.
   */
  private synchronized @Nullable Connection idle(
      Budget.@Nullable Full full, Connection connection) {
    if (full == null) {
      return null;
    }
    return silent.stream()
        .filter(other -> other.uid() == connection.uid())
        .findFirst()
        .or(() -> full.uid() == null ? silent.stream().findFirst() : Optional.empty())
        .orElse(null);
  }

  /** Notes that a call came on the connection. */
  void asked(Connection connection) {
    if (connection.beginsToAsk()) {
      synchronized (this) {
        silent.remove(connection);
      }
    }
  }

  /** Frees its place. May be called more than once. */
  synchronized void closed(Connection connection) {
    if (counted.remove(connection)) {
      silent.remove(connection);
      open.give(connection.uid(), 1);
    }
  }
}
