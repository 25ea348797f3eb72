package dev.metakey.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.LimitUse;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Limits;
import java.util.List;
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
  void take_whenAUidMayHaveMostOfAll_givesAnAdminNoLess() {
    Budget most = new Budget(new Limits.Bound("watches", 9, 10, 1));
    assertThat(most.take(7, false, 9)).isNull();
    most.give(7, 9);
    assertThat(most.take(0, true, 9)).isNull();
  }

  @Test
  void take_whenThePolicyGivesAQuota_goesByIt() {
    assertThat(budget.take(1000, false, 1, 1)).isNull();
    Budget.Full full = budget.take(1000, false, 1, 1);
    assertThat(full).isEqualTo(new Budget.Full("calls", 1000, 1, 1, true, ""));
    assertThat(full.refusal(Reason.QUOTA_EXCEEDED, "end some", "rule 'few' (metakeyd.yaml:3)"))
        .hasMessageContaining("has 1 calls already, and rule 'few' (metakeyd.yaml:3) allows 1");
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

  @Test
  void use_whenSomeHoldSome_namesTheBiggestAndCountsTheRefused() {
    assertThat(budget.take(1000, false, 2)).isNull();
    assertThat(budget.take(1001, false, 1, 1)).isNull();
    assertThat(budget.take(1001, false, 1, 1)).isNotNull();
    assertThat(budget.takeIfRoom(1001, false, 1, 1)).isNotNull();
    assertThat(budget.take(0, true, 4)).isNull();
    budget.refuse();

    LimitUse use = budget.use("calls");

    assertThat(use)
        .isEqualTo(
            new LimitUse(
                "calls",
                3,
                10,
                7,
                2,
                3,
                List.of(
                    new LimitUse.User(0, 4, 7),
                    new LimitUse.User(1000, 2, 3),
                    new LimitUse.User(1001, 1, 1))));
    assertThat(use.withoutBiggest().biggest()).isEmpty();
  }

  @Test
  void isNear_whenThreeQuartersAreUsed_isTrueForTheTotalAndForOneUid() {
    assertThat(budget.take(0, true, 5)).isNull();
    assertThat(budget.use("calls").isNear()).isFalse();
    assertThat(budget.take(1000, false, 3)).isNull();
    LimitUse use = budget.use("calls");
    assertThat(use.isNear()).isTrue();
    assertThat(use.withoutBiggest().isNear()).isTrue();
    budget.give(0, 5);
    assertThat(budget.use("calls").isNear()).as("one uid has all it may have").isTrue();
    budget.give(1000, 1);
    assertThat(budget.use("calls").isNear()).isFalse();
  }
}
