package dev.metakey.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Reason;
import dev.metakey.server.domain.Limits;
import org.junit.jupiter.api.Test;

class BudgetTest {
  private final Budget budget = new Budget(new Limits.Bound("calls", 3, 10, 2));

  @Test
  void take_whenAUidHasAllItMayHave_refusesItAndNobodyElse() {
    assertThat(budget.take(1000, false, 3)).isNull();

    Budget.Full full = budget.take(1000, false, 1);

    assertThat(full).isEqualTo(new Budget.Full("calls", 1000, 3, 3));
    assertThat(full.refusal(Reason.QUOTA_EXCEEDED, "end some"))
        .hasMessageContaining("uid 1000 has 3 calls already, and one uid may have 3; end some");
    assertThat(budget.take(1001, false, 3)).isNull();
  }

  @Test
  void take_whenOrdinaryUidsHaveAll_leavesTheReserveToAdmins() {
    assertThat(budget.take(1000, false, 3)).isNull();
    assertThat(budget.take(1001, false, 2)).isNull();
    assertThat(budget.take(1002, false, 2)).isNull();
    assertThat(budget.take(1003, false, 1)).isNull();

    assertThat(budget.take(1004, false, 1))
        .isEqualTo(new Budget.Full("calls", null, 8, 8, false, "4 users"));
    assertThat(budget.take(0, true, 2)).isNull();
    assertThat(budget.take(0, true, 1))
        .isEqualTo(
            new Budget.Full(
                "calls",
                null,
                10,
                10,
                false,
                "5 users, the biggest are uid 1000: 3, uid 0: 2, uid 1001: 2"));
  }

  @Test
  void take_whenAnAdminAsksForMoreThanAUidMayHave_leavesRoomForOneUid() {
    assertThat(budget.take(0, true, 7)).isNull();
    assertThat(budget.take(0, true, 1)).isEqualTo(new Budget.Full("calls", 0, 7, 7));
    assertThat(budget.take(1000, false, 1)).isNull();
  }

  @Test
  void take_whenThePolicyGivesAQuota_goesByIt() {
    assertThat(budget.take(1000, false, 1, 1)).isNull();
    Budget.Full full = budget.take(1000, false, 1, 1);
    assertThat(full).isEqualTo(new Budget.Full("calls", 1000, 1, 1, true, ""));
    assertThat(full.refusal(Reason.QUOTA_EXCEEDED, "end some"))
        .hasMessageContaining("has 1 calls already, and its rule in the policy allows 1");
    assertThat(budget.take(1001, false, 0, 1)).isNotNull();
    assertThat(budget.take(1002, false, 5, 5)).isNull();
  }

  @Test
  void give_whenSomethingWasTaken_makesRoomForIt() {
    assertThat(budget.take(1000, false, 3)).isNull();
    budget.give(1000, 1);
    assertThat(budget.total()).isEqualTo(2);
    assertThat(budget.take(1000, false, 1)).isNull();
    budget.give(1000, 3);
    assertThat(budget.total()).isZero();
  }
}
