package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ReasonTest {
  /** Scripts depend on names and numbers. */
  @Test
  void exitCode_always_isThatOfTheTable() {
    Map<Reason, Integer> codes = new EnumMap<>(Reason.class);
    for (Reason reason : Reason.values()) {
      codes.put(reason, reason.exitCode());
    }
    assertThat(codes)
        .hasToString(
            "{INTERNAL=1, INVALID_NAME=2, INVALID_SIZE=2, INVALID_ATTRIBUTE=2, INVALID_REQUEST=2,"
                + " NOT_FOUND=3, MISMATCH=4, OWNED_BY_OTHER=4, ID_TAKEN=4, NOT_PERMITTED=5,"
                + " QUOTA_EXCEEDED=6, NO_FREE_ID=6, NO_FREE_SLOT=6, TOO_MANY_WAITERS=6,"
                + " IN_USE=7, WRONG_GENERATION=7, READ_ONLY=7, STORE_FAILED=8, UNAVAILABLE=8,"
                + " FLEET_AWAY=8, DEADLINE_EXCEEDED=9}");
  }
}
