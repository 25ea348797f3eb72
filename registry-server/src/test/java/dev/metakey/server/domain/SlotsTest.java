package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE_AS_ROOT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where fields live in the slotted layout. */
class SlotsTest {
  /** Every slot is aligned, inside the area, and nobody else's. */
  static void assertDisjoint(Snapshot snapshot) {
    BitSet taken = new BitSet();
    for (Field field : snapshot.records()) {
      if (field.slot() != 0) {
        int end = field.slot() - field.size();
        boolean inside = end >= 16 && field.slot() <= snapshot.info().areaBytes();
        if (!inside
            || field.slot() % field.size() != 0
            || !taken.get(end, field.slot()).isEmpty()) {
          throw new AssertionError("%s is misplaced among %s".formatted(field, snapshot));
        }
        taken.set(end, field.slot());
      }
    }
  }

  @Test
  void slots_whenSmallFieldsCome_shareWords() {
    Given host =
        Given.host()
            .with(
                EDGE_AS_ROOT,
                FieldSpec.of("a", 2),
                FieldSpec.of("b", 8),
                FieldSpec.of("c", 4),
                FieldSpec.of("d", 4),
                FieldSpec.of("e", 2),
                FieldSpec.of("f", 8));

    assertThat(host.snapshot().records())
        .extracting(Field::slot)
        .containsExactly(18, 32, 24, 36, 20, 48);
    assertDisjoint(host.snapshot());
  }

  @Test
  void slots_whenPacked_areNone() {
    Given host = Given.packed().with(EDGE_AS_ROOT, Given.fields(64, 8));

    assertThat(host.snapshot().records()).extracting(Field::slot).containsOnly(0);
  }

  @Test
  void slot_whenFieldIsReleased_staysUntilItIsFree() {
    Given host =
        Given.slotted(24).with(EDGE_AS_ROOT, FieldSpec.of("a", 8)).released(EDGE_AS_ROOT, "a");

    assertThat(host.field("a").slot()).isEqualTo(24);
    host.refused(Reason.NO_FREE_SLOT, EDGE_AS_ROOT, FieldSpec.of("b", 2));
    assertThat(host.register(EDGE_AS_ROOT, FieldSpec.of("a", 8)).field().slot()).isEqualTo(24);

    host.released(EDGE_AS_ROOT, "a").afterQuarantine();
    assertThat(host.register(EDGE_AS_ROOT, FieldSpec.of("b", 2)).field().slot()).isEqualTo(18);
  }

  @Test
  void slots_whenFieldsComeAndGo_neverMove() {
    Given host = Given.host().with(EDGE_AS_ROOT, Given.fields(12, 4));
    List<Integer> slots = host.snapshot().records().stream().map(Field::slot).toList();

    host.released(EDGE_AS_ROOT, "edge.f2", "edge.f7").afterQuarantine().restart();
    host.with(EDGE_AS_ROOT, FieldSpec.of("new", 8), FieldSpec.of("newer", 2)).reboot();

    for (int i : new int[] {0, 1, 3, 4, 5, 6, 8, 9, 10, 11}) {
      assertThat(host.field("edge.f" + i).slot()).isEqualTo(slots.get(i));
    }
    assertDisjoint(host.snapshot());
  }

  @ParameterizedTest
  @ValueSource(ints = {24, 32, 128, 216})
  void area_whenFullOfOneSize_refusesTheNextNamingHolders(int areaBytes) {
    for (int size : new int[] {2, 4, 8}) {
      Given host = Given.slotted(areaBytes);
      int room = (areaBytes - 16) / size;
      if (room > Field.IDS) {
        continue; // ids run out first
      }
      host.with(EDGE_AS_ROOT, Given.fields(room, size));
      assertDisjoint(host.snapshot());

      for (int other : new int[] {2, 4, 8}) {
        if (room < Field.IDS) {
          MetakeyException refusal =
              host.refused(Reason.NO_FREE_SLOT, EDGE_AS_ROOT, FieldSpec.of("more", other));
          assertThat(refusal.facts())
              .containsEntry("name", "more")
              .containsEntry("limit", Integer.toString(areaBytes - 16))
              .containsEntry("used", Integer.toString(areaBytes - 16))
              .containsEntry("holders", "edge.service (uid 0): " + (areaBytes - 16));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"2 4 2 8, 32", "2 2 2 4 2 4, 32", "8 2 4 2 8 4 4, 48", "2 8 2 8 4 4 2 2, 48"})
  void area_whenSizesAreMixed_isFilledToTheLastByte(String sizes, int areaBytes) {
    Given host = Given.slotted(areaBytes);
    List<FieldSpec> specs = new ArrayList<>();
    for (String size : sizes.split(" ", 0)) {
      specs.add(FieldSpec.of("f" + specs.size(), Integer.parseInt(size)));
    }

    host.with(EDGE_AS_ROOT, specs);

    assertDisjoint(host.snapshot());
    assertThat(Slots.usedBytes(host.snapshot())).isEqualTo(areaBytes - 16);
    host.refused(Reason.NO_FREE_SLOT, EDGE_AS_ROOT, FieldSpec.of("more", 2));
  }

  @Test
  void area_whenOnlySmallHolesAreLeft_refusesLargeFieldsOnly() {
    Given host = Given.slotted(32).with(EDGE_AS_ROOT, FieldSpec.of("a", 8), FieldSpec.of("b", 2));

    host.refused(Reason.NO_FREE_SLOT, EDGE_AS_ROOT, FieldSpec.of("c", 8));

    host.with(EDGE_AS_ROOT, FieldSpec.of("c", 4), FieldSpec.of("d", 2));
    assertDisjoint(host.snapshot());
  }

  @Test
  void area_whenLateFieldOfACallHasNoSlot_changesNothing() {
    Given host = Given.slotted(32);

    host.refused(Reason.NO_FREE_SLOT, EDGE_AS_ROOT, new Register(Given.fields(3, 8)));

    assertThat(host.snapshot().records()).isEmpty();
  }
}
