package dev.metakey.bench;

/**
 * How a row of a {@link Group} should compare with another of its rows. What is compared is the
 * cost: time or space, or how much less is done in a second.
 *
 * @param other the other row's name
 * @param most the row may cost this many times what the other does
 * @param why what keeps the row behind, if it is
 */
record Goal(String other, double most, String why) {
  static Goal aheadOf(String other, String why) {
    return new Goal(other, 1, why);
  }

  static Goal within(double most, String other, String why) {
    return new Goal(other, most, why);
  }
}
