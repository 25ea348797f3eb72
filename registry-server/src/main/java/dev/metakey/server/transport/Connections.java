package dev.metakey.server.transport;

import dev.metakey.model.LimitUse;
import dev.metakey.model.MetakeyException;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Quota;
import dev.metakey.server.engine.Budget;
import dev.metakey.server.engine.Rate;
import dev.metakey.server.engine.Shares;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What is open on the socket, and how much more may be: see {@link Limits}. Thread-safe. */
final class Connections {
  /** How long a connection rests, for each that its uid has. */
  static final int REST_MS = 2;

  final Limits limits;
  final Budget calls;
  final Budget arriving;
  final Budget unreadBytes;
  private final Budget open;
  private final Rate rate;
  private final Rate connects;
  final Shares shares;
  final SpareDescriptors spare;
  final TurnedAway turnedAway = new TurnedAway();

  /** Whether connections wait that cannot be accepted, as no file descriptor is left. */
  volatile boolean noDescriptors;

  /** Those that have a place, the oldest first. Guarded by this. */
  private final Set<Connection> counted = new LinkedHashSet<>();

  /** Those on which nothing was asked yet, the oldest first. Guarded by this. */
  private final Set<Connection> silent = new LinkedHashSet<>();

  /**
   * @param shares how many each may open, and who may use the reserves
   */
  Connections(Limits limits, Shares shares) {
    this(limits, shares, new SpareDescriptors());
  }

  Connections(Limits limits, Shares shares, SpareDescriptors spare) {
    this.limits = limits;
    this.spare = spare;
    this.shares = shares;
    this.connects = new Rate(limits.connectsPerSecond(), System.nanoTime());
    this.rate = new Rate(limits.callsPerSecond(), System.nanoTime());
    this.open = new Budget(limits.connections());
    this.calls = new Budget(limits.calls());
    this.arriving = new Budget(limits.arriving());
    this.unreadBytes = new Budget(limits.unreadBytes());
  }

  /**
   * Counts a new connection and returns null, or returns why there are too many. Before that, idle
   * ones make room.
   */
  Budget.@Nullable Full open(Connection connection) {
    Budget.Full full = take(connection);
    while (full != null) {
      Connection idle = idle(full, connection);
      if (idle == null) {
        open.refuse();
        return full;
      }
      drop(idle);
      full = take(connection);
    }
    return null;
  }

  private void drop(Connection idle) {
    closed(idle);
    idle.fault(
        "connection closed: it was idle, and its place was needed; it came from %s"
            .formatted(idle));
    idle.close();
  }

  /**
   * Closes a connection without an open call, of the uid that has the most; one on which nothing
   * was asked yet before the others. A uid's only connection stays. Returns whether there was one.
   */
  boolean dropIdle() {
    Connection idle;
    synchronized (this) {
      idle =
          ofTheBiggest(
                  Stream.concat(silent.stream(), counted.stream())
                      .filter(one -> one.calls.get() == 0 && open.held(one.uid()) > 1))
              .orElse(null);
    }
    if (idle == null) {
      return false;
    }
    drop(idle);
    return true;
  }

  private synchronized Budget.@Nullable Full take(Connection connection) {
    Budget.Full full =
        open.takeIfRoom(
            connection.uid(), connection.isAdmin(), connection.quota().connections(), 1);
    if (full == null) {
      counted.add(connection);
      silent.add(connection);
    }
    return full;
  }

  /**
   * The connection that makes room: one of the same uid on which nothing was ever asked or, if all
   * together are too many, one of the uid that has the most.
   */
  private synchronized @Nullable Connection idle(Budget.Full full, Connection connection) {
    if (full.uid() != null) {
      return silent.stream()
          .filter(other -> other.uid() == connection.uid())
          .findFirst()
          .orElse(null);
    }
    return ofTheBiggest(silent.stream())
        .or(() -> ofTheBiggest(counted.stream().filter(one -> yields(one, connection))))
        .orElse(null);
  }

  /** Whether it is not used now, and its uid has more than the newcomer's will have. */
  private boolean yields(Connection one, Connection newcomer) {
    return one.calls.get() == 0 && open.held(one.uid()) > open.held(newcomer.uid()) + 1;
  }

  /** The first of those whose uid has the most. */
  private Optional<Connection> ofTheBiggest(Stream<Connection> some) {
    return some.reduce((one, next) -> open.held(next.uid()) > open.held(one.uid()) ? next : one);
  }

  /**
   * Why the connection's peer may not make one more call now; null if it may. If not, the
   * connection is not read for a while, the longer the more of them its uid has: refusals cost,
   * too, and so they do not become more. On the connection's thread.
   */
  @Nullable MetakeyException tooOften(Connection connection, long nowNs) {
    Rate.Held held =
        rate.take(
            connection.uid(), connection.isAdmin(), connection.quota().callsPerSecond(), nowNs);
    if (held == null) {
      return null;
    }
    connection.rest(REST_MS * open.held(connection.uid()));
    return held.refusal(connection.rule());
  }

  /**
   * Why a uid may not connect once more now; null if it may. Nothing but the uid is known of who
   * connects then, so this is the same for everybody. The words are made when they are asked for,
   * as such connections are many and few of them are told.
   *
   * @param isBusy whether enough of the uid's are looked at: then it may open half as many at once
   * @param nowNs as {@link System#nanoTime}
   */
  @Nullable Supplier<String> connectsTooOften(int uid, boolean isBusy, long nowNs) {
    int atOnceS = isBusy ? Rate.BURST_S / 2 : Rate.BURST_S;
    Rate.Held held = connects.take(uid, false, Quota.AS_LIMITED, atOnceS, nowNs);
    return held == null
        ? null
        : () ->
            "uid %s has opened %d connections without a pause; one uid may open %d a second, a few at a time once they are many; keep one open for many calls, or try again in %d ms"
                .formatted(
                    Integer.toUnsignedString(uid), held.used(), held.perSecond(), held.retryMs());
  }

  /** Notes that a call came on the connection. */
  void asked(Connection connection) {
    if (connection.beginsToAsk()) {
      synchronized (this) {
        silent.remove(connection);
      }
    }
  }

  /**
   * How much of each limit is used.
   *
   * @param nowNs as {@link System#nanoTime}
   */
  List<LimitUse> use(long nowNs) {
    return List.of(
        open.use("connections"),
        calls.use("calls"),
        rate.use("calls_a_second", nowNs),
        connects.use("connections_a_second", nowNs),
        arriving.use("unfinished_requests"),
        unreadBytes.use("unread_bytes"));
  }

  /** What an admin should know; empty if all is well. */
  List<String> problems() {
    return noDescriptors
        ? List.of(
            "no file descriptor is left, and some clients cannot connect; see who holds them (/proc/%d/fd), or raise the limit (LimitNOFILE of the unit)"
                .formatted(ProcessHandle.current().pid()))
        : List.of();
  }

  /** Frees its place. May be called more than once. */
  synchronized void closed(Connection connection) {
    if (counted.remove(connection)) {
      silent.remove(connection);
      open.give(connection.uid(), 1);
    }
  }
}
