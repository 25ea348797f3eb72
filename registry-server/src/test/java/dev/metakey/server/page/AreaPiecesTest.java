package dev.metakey.server.page;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class AreaPiecesTest {
  private static Field field(int id, int size, int slot, FieldState state) {
    return new Field.Builder(id, FieldSpec.of("edge.f" + id, size), state).slot(slot).build();
  }

  private static List<String> pieces(Layout layout, int areaBytes, Field... fields) {
    RegistryInfo info = new RegistryInfo(new UUID(1, 2), 1, layout, areaBytes);
    return AreaPieces.of(Snapshot.of(info, List.of(fields))).stream()
        .map(piece -> "%d+%d %s %d".formatted(piece.at(), piece.size(), piece.what(), piece.id()))
        .toList();
  }

  @Test
  void of_whenSlotted_putsFieldsAtTheirSlots_retiredOnesToo() {
    assertThat(
            pieces(
                Layout.SLOTTED,
                48,
                field(0, 8, 24, FieldState.ACTIVE),
                field(5, 2, 34, FieldState.RETIRED)))
        .containsExactly(
            "-48+14 free -1",
            "-34+2 field 5",
            "-32+8 free -1",
            "-24+8 field 0",
            "-16+8 presence -1",
            "-8+6 tag -1",
            "-2+2 zero -1");
  }

  @Test
  void of_whenPacked_putsValuesBehindTheHeader_andOnlyThoseThatFit() {
    assertThat(
            pieces(
                Layout.PACKED,
                40,
                field(1, 2, 0, FieldState.ACTIVE),
                field(2, 4, 0, FieldState.RETIRED),
                field(3, 8, 0, FieldState.ACTIVE),
                field(4, 8, 0, FieldState.ACTIVE)))
        .containsExactly(
            "-40+8 high -1",
            "-32+8 low -1",
            "-24+2 field 1",
            "-22+8 field 3",
            "-14+6 free -1",
            "-8+6 tag -1",
            "-2+2 zero -1");
  }
}
