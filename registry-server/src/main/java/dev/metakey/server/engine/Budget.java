package dev.metakey.server.engine;

import dev.metakey.model.LimitUse;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Limits.Bound;
import dev.metakey.server.domain.Quota;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Counts how much of something each uid holds, and all of them together, so that nobody can take it
 * all. Each ordinary uid has its bound; an admin's uid may hold all but one such bound, and a
 * reserve of the total is for admins alone. Thread-safe.
 */
public final class Budget {
  private static final int NAMED = 3;

  private final Bound bound;
  private final Map<Integer, Share> held = new HashMap<>();
  private long total;
  private long refused;

  /** What a uid holds, and what it may hold. */
  private record Share(long amount, long limit) {}

  /**
   * Why there was no more.
   *
   * @param uid the uid that holds too much; null if all of them together do
   * @param byPolicy whether the limit is the quota of a rule of the policy
   * @param users who holds the most, for an admin; how many hold some, for others; empty where it
   *     is about one uid
   */
  public record Full(
      String what, @Nullable Integer uid, long limit, long used, boolean byPolicy, String users) {
    /** What one uid may have by the limits is used up. */
    public Full(String what, int uid, long limit, long used) {
      this(what, uid, limit, used, false, "");
    }

    /** The refusal of a call, with what to do about it, where no quota can be the limit. */
    public MetakeyException refusal(Reason reason, String advice) {
      return refusal(reason, advice, "");
    }

    /**
     * The refusal of a call.
     *
     * @param advice what to do about it
     * @param rule whose quota it is, if it is one
     */
    public MetakeyException refusal(Reason reason, String advice, String rule) {
      String who =
          uid == null
              ? "there are %d %s already (%s), and no more are allowed".formatted(used, what, users)
              : "uid %s has %d %s already, and %s %d"
                  .formatted(
                      Integer.toUnsignedString(uid),
                      used,
                      what,
                      byPolicy ? rule + " allows" : "one uid may have",
                      limit);
      Map<String, String> facts = new HashMap<>();
      facts.put("limit", Long.toString(limit));
      facts.put("used", Long.toString(used));
      if (uid == null) {
        facts.put("holders", users);
      }
      return new MetakeyException(reason, who + "; " + advice, facts);
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
    Full full = takeIfRoom(uid, admin, quota, amount);
    if (full != null) {
      refused++;
    }
    return full;
  }

  /** As {@link #take}, for somebody who is not refused yet: room may be made. */
  public synchronized @Nullable Full takeIfRoom(int uid, boolean admin, int quota, long amount) {
    long limit = admin ? bound.total() : bound.total() - bound.reserve();
    if (total + amount > limit) {
      return new Full(bound.what(), null, limit, total, false, users(admin));
    }
    long mine = held(uid);
    boolean byPolicy = quota != Quota.AS_LIMITED;
    long own = byPolicy ? quota : admin ? bound.perAdmin() : bound.perUid();
    if (mine + amount > own) {
      return new Full(bound.what(), uid, own, mine, byPolicy, "");
    }
    held.put(uid, new Share(mine + amount, own));
    total += amount;
    return null;
  }

  /** To admins by number, to others as a count: who else calls here is no business of theirs. */
  private String users(boolean admin) {
    String count = held.size() == 1 ? "1 user" : held.size() + " users";
    if (!admin) {
      return count;
    }
    return biggest().stream()
        .map(user -> "uid %s: %d".formatted(Integer.toUnsignedString(user.uid()), user.used()))
        .collect(Collectors.joining(", ", count + ", the biggest are ", ""));
  }

  private List<LimitUse.User> biggest() {
    return held.entrySet().stream()
        .map(e -> new LimitUse.User(e.getKey(), e.getValue().amount, e.getValue().limit))
        .sorted(Comparator.comparingLong(LimitUse.User::used).reversed())
        .limit(NAMED)
        .toList();
  }

  /** Gives back what was taken. */
  public synchronized void give(int uid, long amount) {
    held.computeIfPresent(
        uid,
        (key, mine) -> mine.amount == amount ? null : new Share(mine.amount - amount, mine.limit));
    total -= amount;
  }

  /** How much a uid holds. */
  public synchronized long held(int uid) {
    Share mine = held.get(uid);
    return mine == null ? 0 : mine.amount;
  }

  /** Notes that somebody was refused: by a part of this bound, or as no room could be made. */
  public synchronized void refuse() {
    refused++;
  }

  /**
   * How much of it is used.
   *
   * @param name see {@link LimitUse}
   */
  public synchronized LimitUse use(String name) {
    return new LimitUse(
        name, bound.perUid(), bound.total(), total, refused, held.size(), biggest());
  }

  /** How much everybody holds together. */
  public synchronized long total() {
    return total;
  }
}
