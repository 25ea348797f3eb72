package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Tag;
import org.junit.jupiter.api.Test;

/** Taking on the layout and area that the config asks for. */
class LayoutTest {
  private final Given host =
      Given.host().with(EDGE, FieldSpec.of("a", 2), FieldSpec.of("b", 8), FieldSpec.of("c", 4));

  private Integer[] slots() {
    return host.snapshot().records().stream().map(Field::slot).toArray(Integer[]::new);
  }

  @Test
  void start_whenConfigIsTheSame_changesNothing() {
    assertThat(host.start(Layout.SLOTTED, 128, false)).isEqualTo(Start.Result.AS_CONFIGURED);
    assertThat(host.lastChanges()).isEmpty();
  }

  @Test
  void start_whenLayoutDiffersOnTheSameBoot_waitsForReboot() {
    assertThat(host.start(Layout.PACKED, 128, false))
        .isEqualTo(Start.Result.LAYOUT_WAITS_FOR_REBOOT);
    assertThat(host.start(Layout.SLOTTED, 64, false))
        .isEqualTo(Start.Result.LAYOUT_WAITS_FOR_REBOOT);

    assertThat(host.layout()).isEqualTo(Layout.SLOTTED);
    assertThat(host.areaBytes()).isEqualTo(128);
    assertThat(host.lastChanges()).isEmpty();
    assertThat(slots()).containsExactly(18, 32, 24);
  }

  @Test
  void start_whenLayoutDiffersAfterReboot_takesItOn() {
    assertThat(host.newBoot().start(Layout.PACKED, 64, false))
        .isEqualTo(Start.Result.AS_CONFIGURED);

    assertThat(host.layout()).isEqualTo(Layout.PACKED);
    assertThat(host.areaBytes()).isEqualTo(64);
    assertThat(slots()).containsExactly(0, 0, 0);
    assertThat(host.lastKinds()).hasSize(3).containsOnly(ChangeKind.MOVED);
  }

  @Test
  void start_whenAdminSaysThatNothingIsLoaded_takesLayoutOnAtOnce() {
    host.released(EDGE, "c");

    assertThat(host.start(Layout.PACKED, 128, true)).isEqualTo(Start.Result.AS_CONFIGURED);
    assertThat(host.layout()).isEqualTo(Layout.PACKED);
    assertThat(host.snapshot().byName("c")).as("nothing uses its id any more").isNull();

    host.start(Layout.SLOTTED, 128, true);
    assertThat(slots()).containsExactly(18, 32, 0);
  }

  @Test
  void start_whenLayoutBecomesSlotted_givesSlotsToAllButFreeIds() {
    Given packed = Given.packed().reserved("r", 8, 9).foreign("f", 8, 8);
    packed.with(EDGE, FieldSpec.of("a", 2), FieldSpec.of("gone", 2)).released(EDGE, "gone");

    packed.newBoot().start(Layout.SLOTTED, 128, false);

    assertThat(packed.field("a").slot()).isPositive();
    assertThat(packed.field("r").slot()).isPositive();
    assertThat(packed.field("f").slot()).isPositive();
    assertThat(packed.snapshot().byId(1).slot()).isZero();
  }

  @Test
  void start_whenFieldsHaveTheirPlaceAlready_movesOnlyTheOthers() {
    host.released(EDGE, "b");

    host.newBoot().start(Layout.SLOTTED, 64, false);

    // b is free after the reboot; a and c share a word as before.
    assertThat(host.lastKinds()).containsExactly(ChangeKind.FREED);
    assertThat(slots()).containsExactly(18, 0, 24);
    host.with(EDGE, FieldSpec.of("d", 8)).newBoot().start(Layout.SLOTTED, 216, false);
    assertThat(host.lastChanges()).isEmpty();
    assertThat(host.areaBytes()).isEqualTo(216);
  }

  @Test
  void start_whenAreaIsTooSmallForWhatIsRegistered_isRefusedAsAWhole() {
    host.released(EDGE, "c").newBoot();
    host.startRefused(Reason.NO_FREE_SLOT, Layout.SLOTTED, 24);
    assertThat(host.field("c").state()).isEqualTo(FieldState.RETIRED);

    // The reboot still counts once the config is put right.
    host.start(Layout.SLOTTED, 32, false);
    assertThat(host.snapshot().byName("c")).isNull();
    assertThat(host.areaBytes()).isEqualTo(32);
  }

  @Test
  void start_whenLayoutWaited_takesItOnAtTheNextReboot() {
    host.start(Layout.PACKED, 128, false);

    host.newBoot().start(Layout.PACKED, 128, false);

    assertThat(host.layout()).isEqualTo(Layout.PACKED);
  }

  @Test
  void start_whenAreaIsNoArea_isRefused() {
    for (int areaBytes : new int[] {-8, 0, 16, 23, 25, 217, 224}) {
      MetakeyException refusal =
          catchThrowableOfType(
              MetakeyException.class,
              () -> new Start("b", Layout.SLOTTED, areaBytes, false, Tag.NONE));
      assertThat(refusal.reason()).isEqualTo(Reason.INVALID_REQUEST);
    }
  }
}
