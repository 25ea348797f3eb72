package dev.metakey.server.engine;

import dev.metakey.model.LimitUse;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Quota;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Bounds how many calls each uid makes in a second. Each has a bucket of tokens, two seconds' worth
 * of them, which fills as time passes; a call takes one, and is refused if there is none. Admins
 * are bounded only where a rule of the policy says so: they may do more harm than that.
 *
 * <p>How full a bucket is is kept as the time at which it will be full again: each call moves that
 * by what one token takes to come back. Thread-safe; time is passed in.
 */
public final class Rate {
  /** How many seconds' worth of calls may come at once. */
  public static final int BURST_S = 2;

  /** The word for it in messages and in the status. */
  public static final String WHAT = "calls a second";

  private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

  /** More buckets than that are looked through for full ones, which need not be kept. */
  private static final int MANY = 1024;

  private static final int UNBOUNDED = 0;
  private static final int NAMED = 3;

  private final int perUid;
  private final Map<Payer, Bucket> buckets = new HashMap<>();
  private final Counter all;
  private int prunedAt = MANY;
  private long refused;

  /**
   * Services of one uid may have different rules: then they have different buckets.
   *
   * @param perSecond {@link #UNBOUNDED}: as many as it wants
   */
  private record Payer(int uid, int perSecond) {}

  private static final class Bucket {
    private long fullAtNs;
    private final Counter calls;

    private Bucket(long nowNs) {
      fullAtNs = nowNs;
      calls = new Counter(nowNs);
    }

    private boolean isFull(long nowNs) {
      return fullAtNs - nowNs <= 0;
    }
  }

  /** How many calls were let in during this second and the one before. */
  private static final class Counter {
    private long secondNs;
    private long inThis;
    private long inLast;

    private Counter(long nowNs) {
      secondNs = nowNs;
    }

    private void add(long nowNs) {
      turn(nowNs);
      inThis++;
    }

    private long lastSecond(long nowNs) {
      turn(nowNs);
      return inLast;
    }

    private boolean isOver(long nowNs) {
      return lastSecond(nowNs) + inThis == 0;
    }

    private void turn(long nowNs) {
      long seconds = (nowNs - secondNs) / SECOND_NS;
      if (seconds > 0) { // a thread that waited for the lock may come with an earlier time
        inLast = seconds == 1 ? inThis : 0;
        inThis = 0;
        secondNs += seconds * SECOND_NS;
      }
    }
  }

  /**
   * Why a call may not be made.
   *
   * @param used how many calls the uid has made since its bucket was full, beyond what came back
   * @param byPolicy whether the limit is the quota of a rule of the policy
   * @param retryMs when there is a token again, milliseconds
   */
  public record Held(int uid, int perSecond, long used, boolean byPolicy, long retryMs) {
    /**
     * The refusal of the call, with when to try again.
     *
     * @param rule whose quota it is, if it is one
     */
    public MetakeyException refusal(String rule) {
      return new MetakeyException(
          Reason.QUOTA_EXCEEDED,
          perSecond == 0
              ? "uid %s may make no calls: %s allows 0 %s"
                  .formatted(Integer.toUnsignedString(uid), rule, WHAT)
              : "uid %s has made %d calls without a pause, and %s %d %s; try again in %d ms"
                  .formatted(
                      Integer.toUnsignedString(uid),
                      used,
                      byPolicy ? rule + " allows" : "one uid may make",
                      perSecond,
                      WHAT,
                      retryMs),
          Map.of(
              "limit",
              Integer.toString(perSecond),
              "used",
              Long.toString(used),
              "retryMs",
              Long.toString(retryMs)));
    }
  }

  /**
   * @param perUid how many calls an ordinary uid may make in a second, on average
   * @param nowNs as {@link System#nanoTime}
   */
  public Rate(int perUid, long nowNs) {
    this.perUid = perUid;
    this.all = new Counter(nowNs);
  }

  /**
   * Takes a token for a call and returns null, or returns why there is none.
   *
   * @param quota calls a second; {@link Quota#AS_LIMITED}: as the limit says
   * @param nowNs as {@link System#nanoTime}
   */
  public @Nullable Held take(int uid, boolean admin, int quota, long nowNs) {
    return take(uid, admin, quota, BURST_S, nowNs);
  }

  /**
   * The same, where less may come at once.
   *
   * @param atOnceS how many seconds' worth, at most {@link #BURST_S}
   */
  public synchronized @Nullable Held take(
      int uid, boolean admin, int quota, int atOnceS, long nowNs) {
    boolean byPolicy = quota != Quota.AS_LIMITED;
    if (byPolicy && quota == 0) {
      refused++;
      return new Held(uid, 0, 0, true, 0);
    }
    int perSecond = byPolicy ? quota : admin ? UNBOUNDED : perUid;
    Bucket bucket = buckets.computeIfAbsent(new Payer(uid, perSecond), payer -> new Bucket(nowNs));
    if (perSecond != UNBOUNDED) {
      long tokenNs = SECOND_NS / perSecond;
      long fullNs = Math.max(bucket.fullAtNs - nowNs, 0);
      long waitNs = fullNs + tokenNs - atOnceS * SECOND_NS;
      if (waitNs > 0) {
        refused++;
        return new Held(
            uid, perSecond, fullNs / tokenNs, byPolicy, TimeUnit.NANOSECONDS.toMillis(waitNs) + 1);
      }
      bucket.fullAtNs = nowNs + fullNs + tokenNs;
    }
    bucket.calls.add(nowNs);
    all.add(nowNs);
    prune(nowNs);
    return null;
  }

  /** Forgets whoever makes no calls any more, so that the uids of years are not kept. */
  private void prune(long nowNs) {
    if (buckets.size() > prunedAt) {
      buckets.values().removeIf(bucket -> bucket.isFull(nowNs) && bucket.calls.isOver(nowNs));
      prunedAt = Math.max(MANY, 2 * buckets.size());
    }
  }

  /**
   * How many calls were made in the last whole second.
   *
   * @param name see {@link LimitUse}
   */
  public synchronized LimitUse use(String name, long nowNs) {
    List<LimitUse.User> users =
        buckets.entrySet().stream()
            .map(e -> user(e.getKey(), e.getValue().calls.lastSecond(nowNs)))
            .filter(user -> user.used() > 0)
            .sorted(Comparator.comparingLong(LimitUse.User::used).reversed())
            .toList();
    return new LimitUse(
        name,
        perUid,
        0,
        all.lastSecond(nowNs),
        refused,
        (int) users.stream().map(LimitUse.User::uid).distinct().count(),
        users.subList(0, Math.min(NAMED, users.size())));
  }

  private static LimitUse.User user(Payer payer, long calls) {
    return new LimitUse.User(payer.uid, calls, payer.perSecond);
  }

  /** How many buckets are kept. */
  synchronized int size() {
    return buckets.size();
  }
}
