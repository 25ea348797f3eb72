package dev.metakey.cli.print;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the golden texts do not show: packed areas, full registries, colours, widths. */
class MapPictureTest {
  private static RegistryInfo info(Layout layout, int areaBytes) {
    return new RegistryInfo(new UUID(1, 2), 9, layout, areaBytes);
  }

  private static Field field(int id, int size, int slot, Owner owner) {
    return new Field.Builder(id, FieldSpec.of("edge.a_long_name_" + id, size), FieldState.ACTIVE)
        .generation(1)
        .slot(slot)
        .owners(List.of(owner))
        .build();
  }

  private static Snapshot packed(int areaBytes, int... sizes) {
    List<Field> fields = new ArrayList<>();
    for (int id = 0; id < sizes.length; id++) {
      fields.add(field(id, sizes[id], 0, Owner.unit("edge.service")));
    }
    return Snapshot.of(info(Layout.PACKED, areaBytes), fields);
  }

  private static List<String> picture(int columns, Snapshot snapshot) {
    return picture(columns, snapshot, Terminal.Kind.PIPE, Map.of());
  }

  private static List<String> picture(
      int columns, Snapshot snapshot, Terminal.Kind kind, Map<String, String> environment) {
    StringWriter out = new StringWriter();
    Terminal terminal =
        new Terminal(out, kind, new StringWriter(), Terminal.Kind.PIPE, environment, () -> "");
    new MapPicture(terminal, columns, snapshot).print();
    return out.toString().lines().toList();
  }

  @Test
  void print_whenPacked_showsValuesInTheOrderOfIds() {
    assertThat(picture(80, packed(64, 8, 2, 4)))
        .contains(
            "area: 64 bytes, packed: room for 40 bytes of values, all fields together take 14",
            " -64 high---- low----- 0------- 1-2---.. ........ ........ ........ tag---00");
  }

  @Test
  void print_whenNotEverythingFits_showsWhatDoes() {
    assertThat(picture(80, packed(40, 8, 8, 8)))
        .contains(
            "area: 40 bytes, packed: room for 16 bytes of values, all fields together take 24",
            " -40                            high---- low----- 0------- 1------- tag---00");
  }

  @Test
  void print_whenTheLastRowWouldBeShort_endsItWhereThePacketStarts() {
    List<String> lines = picture(40, packed(40, 8));

    assertThat(lines)
        .containsSequence(
            " -40                            high----", " -32 low----- 0------- ........ tag---00");
  }

  @Test
  void print_whenTheRegistryIsFull_givesEachOwnerALetter() {
    List<Field> fields =
        IntStream.range(0, Field.IDS)
            .mapToObj(id -> field(id, 2, 18 + 2 * id, Owner.unit("s" + id + ".service")))
            .toList();

    List<String> lines = picture(40, Snapshot.of(info(Layout.SLOTTED, 216), fields));

    assertThat(lines)
        .contains("ids: 64 active, 0 retired, 0 reserved, 0")
        .contains("56 42  52  62  72  82  92  #2  @2")
        .contains("@  1 id  2 bytes  s63.service")
        .contains(" -32 7-6-5-4- 3-2-1-0- presence tag---00");
  }

  @ParameterizedTest
  @CsvSource({"40, 64, SLOTTED", "80, 3, SLOTTED", "40, 30, PACKED", "200, 64, PACKED"})
  void print_whateverTheWidth_isNotWider(int columns, int count, Layout layout) {
    List<Field> fields =
        IntStream.range(0, count)
            .mapToObj(
                id -> field(id, 2, layout == Layout.SLOTTED ? 18 + 2 * id : 0, new Owner(0, "a")))
            .toList();

    assertThat(picture(columns, Snapshot.of(info(layout, 216), fields)))
        .allMatch(line -> line.length() <= Math.min(columns, 80));
  }

  @Test
  void print_whenFewIdsAreFree_keepsAllOfThemForAdmins() {
    List<Field> fields =
        IntStream.range(0, 60).mapToObj(id -> field(id, 2, 0, new Owner(0, "a"))).toList();

    assertThat(picture(40, Snapshot.of(info(Layout.PACKED, 216), fields)))
        .contains("56 A2  A2  A2  A2  *   *   *   *");
  }

  @Test
  void print_whenNoColourIsWanted_hasNone() {
    Snapshot snapshot = packed(64, 8);

    assertThat(String.join("\n", picture(80, snapshot, Terminal.Kind.TERMINAL, Map.of())))
        .contains("\u001b[32m 0 A 8\u001b[0m", "\u001b[32m0-------\u001b[0m");
    assertThat(
            String.join(
                "\n", picture(80, snapshot, Terminal.Kind.TERMINAL, Map.of("NO_COLOR", "1"))))
        .doesNotContain("\u001b");
    assertThat(String.join("\n", picture(80, snapshot))).doesNotContain("\u001b");
  }
}
