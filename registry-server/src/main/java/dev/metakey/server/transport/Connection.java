package dev.metakey.server.transport;

import dev.metakey.model.Peer;
import dev.metakey.server.domain.Quota;
import dev.metakey.server.engine.Shares;
import dev.metakey.server.log.Event;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A connection, and what its peer holds through it. */
final class Connection {
  final PeerProcess peer;
  final AtomicInteger calls = new AtomicInteger();
  final AtomicInteger reflections = new AtomicInteger();
  final AtomicLong unreadBytes = new AtomicLong();
  final Executor thread;
  private final Shares shares;
  private final AtomicBoolean asked = new AtomicBoolean();
  private final Runnable close;
  private volatile @Nullable Standing standing;
  private long restMs; // its thread alone uses it
  private volatile @Nullable Caller caller;

  /** Who a call is by that claims a name; null: that claims none. */
  private record Caller(@Nullable String claimed, Peer peer) {}

  /**
   * What the policy gives the peer's uid, whatever it will claim to be.
   *
   * @param generation of the policy
   * @param admin whether it may use the reserves
   */
  private record Standing(Object generation, boolean admin, Quota quota) {}

  /**
   * @param shares what the policy of the moment gives whom
   * @param thread the one that reads and writes it
   * @param close ends it, from any thread
   */
  Connection(PeerProcess peer, Shares shares, Executor thread, Runnable close) {
    this.peer = peer;
    this.shares = shares;
    this.thread = thread;
    this.close = close;
  }

  int uid() {
    return peer.uid();
  }

  /** As {@link PeerProcess#peer}, made once for calls that claim the same. */
  Peer caller(@Nullable String claimed) {
    Caller known = caller;
    if (known == null || !Objects.equals(known.claimed, claimed)) {
      known = new Caller(claimed, peer.peer(claimed));
      caller = known;
    }
    return known.peer;
  }

  /** Whether the peer may use the reserves. */
  boolean isAdmin() {
    return standing().admin;
  }

  Quota quota() {
    return standing().quota;
  }

  /** Which rule of the policy gives that. */
  String rule() {
    return peer.rule(shares::rule);
  }

  /** Looked for once in each generation of the policy, as that is costly. */
  private Standing standing() {
    Object generation = shares.generation();
    Standing known = standing;
    if (known == null || known.generation != generation) {
      known = new Standing(generation, peer.isAdmin(shares::isAdmin), peer.quota(shares::quota));
      standing = known;
    }
    return known;
  }

  void close() {
    close.run();
  }

  /** Notes that a call came; true for the first one. */
  boolean beginsToAsk() {
    return !asked.get() && asked.compareAndSet(false, true);
  }

  /** Has it not be read for a while, after what was read already. On its thread. */
  void rest(long forMs) {
    restMs = forMs;
  }

  /** How long it is not to be read now, milliseconds; asked for once. On its thread. */
  long takeRest() {
    long now = restMs;
    restMs = 0;
    return now;
  }

  /** Logs what the peer did wrong. */
  void fault(String text) {
    Event.CLIENT_FAULT
        .with("uid", Integer.toUnsignedLong(peer.uid()))
        .with("pid", peer.pid())
        .withAny("unit", peer.place().unit())
        .withAny("program", peer.program())
        .say(text);
  }

  /** {@code uid 1001, pid 4711 (python3)}. */
  @Override
  public String toString() {
    return "uid %s, pid %d (%s)"
        .formatted(Integer.toUnsignedString(peer.uid()), peer.pid(), peer.program());
  }
}
