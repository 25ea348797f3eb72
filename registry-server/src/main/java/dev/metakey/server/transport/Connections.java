package dev.metakey.server.transport;

import dev.metakey.model.Peer;
import dev.metakey.server.engine.Budget;
import dev.metakey.server.engine.Limits;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What is open on the socket, and how much more may be: see {@link Limits}. From any thread. */
final class Connections {
  final Limits limits;
  final Budget calls;
  final Budget arriving;
  final Budget unreadBytes;
  final FaultLog faults = new FaultLog(System::nanoTime);
  private final Budget open;
  private final Predicate<Peer> isAdmin;

  /**
   * @param isAdmin who has the reserves
   */
  Connections(Limits limits, Predicate<Peer> isAdmin) {
    this.limits = limits;
    this.isAdmin = isAdmin;
    this.open = new Budget(limits.connections());
    this.calls = new Budget(limits.calls());
    this.arriving = new Budget(limits.arriving());
    this.unreadBytes = new Budget(limits.unreadBytes());
  }

  boolean isAdmin(Peer peer) {
    return isAdmin.test(peer);
  }

  /** Counts a new connection, unless there are too many: then it tells why. */
  Budget.@Nullable Full open(int uid, boolean admin) {
    return open.take(uid, admin, 1);
  }

  void closed(int uid) {
    open.give(uid, 1);
  }
}
