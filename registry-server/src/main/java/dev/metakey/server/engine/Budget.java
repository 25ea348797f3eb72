package dev.metakey.server.engine;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Quota;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Counts how much of something each uid holds, and all of them together, so that nobody can take it
 * all. Each ordinary uid has its bound; an admin's uid may hold all but one such bound, and a
 * reserve of the total is for admins alone. Thread-safe.
 */
public final class Budget {
  private final Bound bound;
  private final Map<Integer, Long> held = new HashMap<>();
  private long total;

  /**
   * How much there may be.
   *
   * @param what the word for it in messages, in the plural
   * @param perUid what one ordinary uid may hold
   * @param total what all may hold together
   * @param reserve what of the total is left to admins
   */
  public record Bound(String what, long perUid, long total, long reserve) {}

  /**
   * Why there was no more.
   *
   * @param uid the uid that holds too much; null if all of them together do
   * @param byPolicy whether the limit is the quota of a rule of the policy
   */
  public record Full(String what, @Nullable Integer uid, long limit, long used, boolean byPolicy) {
    public Full(String what, @Nullable Integer uid, long limit, long used) {
      this(what, uid, limit, used, false);
    }

    /** The refusal of a call, with what to do about it. */
    public MetakeyException refusal(Reason reason, String advice) {
      String who =
          uid == null
              ? "there are %d %s already, and no more are allowed".formatted(used, what)
              : "uid %s has %d %s already, and %s %d"
                  .formatted(
                      Integer.toUnsignedString(uid),
                      used,
                      what,
                      byPolicy ? "its rule in the policy allows" : "one uid may have",
                      limit);
      return new MetakeyException(
          reason,
          who + "; " + advice,
          Map.of("limit", Long.toString(limit), "used", Long.toString(used)));
    }
  }

  public Budget(Bound bound) {
    this.bound = bound;
  }

  /** Takes some and returns null. If that is too much, takes nothing and returns why. */
  public @Nullable Full take(int uid, boolean admin, long amount) {
    return take(uid, admin, Quota.AS_LIMITED, amount);
  }

  /**
   * As {@link #take(int, boolean, long)}.
   *
   * @param quota what the uid may hold; {@link Quota#AS_LIMITED}: as the bound says
   */
  public synchronized @Nullable Full take(int uid, boolean admin, int quota, long amount) {
    long limit = admin ? bound.total : bound.total - bound.reserve;
    if (total + amount > limit) {
      return new Full(bound.what, null, limit, total);
    }
    long mine = held.getOrDefault(uid, 0L);
    boolean byPolicy = quota != Quota.AS_LIMITED;
    long own = byPolicy ? quota : admin ? bound.total - bound.perUid : bound.perUid;
    if (mine + amount > own) {
      return new Full(bound.what, uid, own, mine, byPolicy);
    }
    held.put(uid, mine + amount);
    total += amount;
    return null;
  }

  /** Gives back what was taken. */
  public synchronized void give(int uid, long amount) {
    held.computeIfPresent(uid, (key, mine) -> mine == amount ? null : Long.valueOf(mine - amount));
    total -= amount;
  }

  /** How much a uid holds. */
  public synchronized long held(int uid) {
    return held.getOrDefault(uid, 0L);
  }

  /** How much everybody holds together. */
  public synchronized long total() {
    return total;
  }
}
