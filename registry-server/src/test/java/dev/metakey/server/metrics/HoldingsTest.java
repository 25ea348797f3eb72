package dev.metakey.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class HoldingsTest {
  private static final Owner EDGE = Owner.unit("edge.service");
  private static final Owner TRACER = new Owner(1000, "tracer");

  private static Field field(int id, int size, int slot, FieldState state, Owner... owners) {
    return new Field.Builder(id, FieldSpec.of("f.x" + id, size), state)
        .slot(slot)
        .owners(List.of(owners))
        .build();
  }

  private static Holdings of(List<Field> fields) {
    return Holdings.of(
        Snapshot.of(new RegistryInfo(new UUID(1, 2), 1, Layout.SLOTTED, 216), fields));
  }

  @Test
  void of_countsAFieldForItsFirstOwnerUntilItIsFree() {
    Holdings holdings =
        of(
            List.of(
                field(0, 8, 24, FieldState.ACTIVE, EDGE),
                field(1, 4, 28, FieldState.RETIRED, EDGE),
                field(2, 2, 30, FieldState.ACTIVE, TRACER, EDGE),
                field(3, 2, 0, FieldState.FREE, EDGE),
                field(4, 2, 32, FieldState.RESERVED)));

    assertThat(holdings.ids()).isEqualTo(Map.of("unit:edge.service", 2, "1000:tracer", 1));
    assertThat(holdings.slotBytes()).isEqualTo(Map.of("unit:edge.service", 12, "1000:tracer", 2));
  }

  @Test
  void of_namesTheBiggestOnly() {
    List<Field> fields = new ArrayList<>();
    for (int id = 0; id < 60; id++) {
      fields.add(field(id, 2, 0, FieldState.ACTIVE, new Owner(id % 20, "s")));
    }
    fields.add(field(60, 2, 0, FieldState.ACTIVE, new Owner(19, "s")));

    Holdings holdings = of(fields);

    assertThat(holdings.ids())
        .hasSize(Holdings.NAMED + 1)
        .containsEntry("19:s", 4)
        .containsEntry(Holdings.OTHERS, 4 * 3);
    assertThat(holdings.slotBytes()).containsOnlyKeys(holdings.ids().keySet());
  }
}
