package dev.metakey.model;

import java.util.List;

/**
 * A limit of the daemon, and how much of it is used.
 *
 * @param name as in the section {@code limits} of the config, where it can be set: {@code
 *     connections}, {@code calls}, {@code calls_a_second}, {@code unread_bytes}, {@code waits},
 *     {@code watches}; else {@code connections_a_second}, {@code unfinished_requests} or {@code
 *     queued}
 * @param perUid what one ordinary uid may hold
 * @param total what all may hold together; 0: the limit is for each uid alone
 * @param used what all hold together; of calls a second, those of the last whole second
 * @param refused how often somebody was refused since the daemon started
 * @param users how many uids hold some
 * @param biggest who of them hold the most, the biggest first; only admins are told
 */
public record LimitUse(
    String name, long perUid, long total, long used, long refused, int users, List<User> biggest) {
  private static final int NEAR_PERCENT = 75;

  public LimitUse {
    biggest = List.copyOf(biggest);
  }

  /**
   * What one uid holds.
   *
   * @param limit what it may hold; 0: as much as it wants
   */
  public record User(int uid, long used, long limit) {}

  /** The same, for those who are not told who the users are. */
  public LimitUse withoutBiggest() {
    return new LimitUse(name, perUid, total, used, refused, users, List.of());
  }

  /** Whether three quarters or more are used: of the total, or of what one of the uids may hold. */
  public boolean isNear() {
    return isNear(used, total) || biggest.stream().anyMatch(user -> isNear(user.used, user.limit));
  }

  private static boolean isNear(long used, long limit) {
    return limit > 0 && used * 100 >= limit * NEAR_PERCENT;
  }
}
