package dev.metakey.server.engine;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Quota;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Bounds how many calls each uid makes in a second. Each has a bucket of tokens, two seconds' worth
 * of them, which fills as time passes; a call takes one, and is refused if there is none. Admins
 * are bounded only where a rule of the policy says so: they may do more harm than that.
 *
 * <p>A bucket is kept as the time at which it will be full again: each call moves that by what one
 * token takes to come back. Thread-safe; time is passed in.
 */
public final class Rate {
  /** How many seconds' worth of calls may come at once. */
  public static final int BURST_S = 2;

  /** The word for it in messages and in the status. */
  public static final String WHAT = "calls a second";

  private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long BURST_NS = BURST_S * SECOND_NS;

  /** More buckets than that are looked through for full ones, which need not be kept. */
  private static final int MANY = 1024;

  private final int perUid;
  private final Map<Bucket, Long> fullAtNs = new HashMap<>();
  private int prunedAt = MANY;
  private long refused;
  private long countedSecond = Long.MIN_VALUE;
  private long inThisSecond;
  private long inLastSecond;

  /** Services of one uid may have different rules: then they have different buckets. */
  private record Bucket(int uid, int perSecond) {}

  /**
   * Why a call may not be made.
   *
   * @param used how many calls the uid has made since its bucket was full, beyond what came back
   * @param byPolicy whether the limit is the quota of a rule of the policy
   * @param retryMs when there is a token again, milliseconds
   */
  public record Held(int uid, int perSecond, long used, boolean byPolicy, long retryMs) {
    /** The refusal of the call, with when to try again. */
    public MetakeyException refusal() {
      return new MetakeyException(
          Reason.QUOTA_EXCEEDED,
          perSecond == 0
              ? "uid %s may make no calls: its rule in the policy allows 0 %s"
                  .formatted(Integer.toUnsignedString(uid), WHAT)
              : "uid %s has made %d calls without a pause, and %s %d %s; try again in %d ms"
                  .formatted(
                      Integer.toUnsignedString(uid),
                      used,
                      byPolicy ? "its rule in the policy allows" : "one uid may make",
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
   */
  public Rate(int perUid) {
    this.perUid = perUid;
  }

  /**
   * Takes a token for a call and returns null, or returns why there is none.
   *
   * @param quota calls a second; {@link Quota#AS_LIMITED}: as the limit says
   * @param nowNs as {@link System#nanoTime}
   */
  public synchronized @Nullable Held take(int uid, boolean admin, int quota, long nowNs) {
    boolean byPolicy = quota != Quota.AS_LIMITED;
    if (admin && !byPolicy) {
      count(nowNs);
      return null;
    }
    int perSecond = byPolicy ? quota : perUid;
    if (perSecond == 0) {
      refused++;
      return new Held(uid, 0, 0, true, 0);
    }
    Bucket bucket = new Bucket(uid, perSecond);
    long tokenNs = SECOND_NS / perSecond;
    long fullNs = Math.max(fullAtNs.getOrDefault(bucket, nowNs) - nowNs, 0);
    if (fullNs + tokenNs > BURST_NS) {
      refused++;
      long waitNs = fullNs + tokenNs - BURST_NS;
      return new Held(
          uid, perSecond, fullNs / tokenNs, byPolicy, TimeUnit.NANOSECONDS.toMillis(waitNs) + 1);
    }
    fullAtNs.put(bucket, nowNs + fullNs + tokenNs);
    prune(nowNs);
    count(nowNs);
    return null;
  }

  /** Forgets buckets that are full, now and then, so that the uids of years are not kept. */
  private void prune(long nowNs) {
    if (fullAtNs.size() > prunedAt) {
      fullAtNs.values().removeIf(fullAt -> fullAt - nowNs <= 0);
      prunedAt = Math.max(MANY, 2 * fullAtNs.size());
    }
  }

  private void count(long nowNs) {
    long second = Math.floorDiv(nowNs, SECOND_NS);
    if (second != countedSecond) {
      inLastSecond = second == countedSecond + 1 ? inThisSecond : 0;
      inThisSecond = 0;
      countedSecond = second;
    }
    inThisSecond++;
  }

  /** How many calls were let in during the last whole second. */
  public synchronized long lastSecond(long nowNs) {
    long second = Math.floorDiv(nowNs, SECOND_NS);
    return second == countedSecond ? inLastSecond : second == countedSecond + 1 ? inThisSecond : 0;
  }

  /** How many calls were refused. */
  public synchronized long refused() {
    return refused;
  }

  /** How many uids have a bucket. */
  synchronized int size() {
    return fullAtNs.size();
  }

  /** How many calls an ordinary uid may make in a second. */
  public int perUid() {
    return perUid;
  }
}
