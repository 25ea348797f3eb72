package dev.metakey.client;

import java.util.List;

/**
 * Which rule of the daemon's policy decides about somebody, and why.
 *
 * @param rule its name and place, in words
 * @param about whom it is about, in words
 * @param allows everything that it allows, in words
 * @param bornAdmin it is an admin whatever the rule says, which counts for its quota only
 * @param rights what it may do to the name that was asked about: {@code read}, {@code register},
 *     {@code link}, {@code release}, {@code admin}
 * @param ids how many it may have
 * @param slotBytes how many it may have
 * @param passed the rules before it, in their order
 */
public record PolicyVerdict(
    String rule,
    String about,
    String allows,
    boolean bornAdmin,
    List<String> rights,
    int ids,
    int slotBytes,
    List<Passed> passed) {
  public PolicyVerdict {
    rights = List.copyOf(rights);
    passed = List.copyOf(passed);
  }

  /**
   * A rule that is not about the caller.
   *
   * @param condition the first that is not met: {@code uid}, {@code gid}, {@code unit}, {@code
   *     claim} or {@code cgroup}
   */
  public record Passed(String rule, String condition) {}
}
