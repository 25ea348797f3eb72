package dev.metakey.cli.print;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a table does with the room that it has. */
class TableTest {
  private static final String LONGEST_NAME = "a".repeat(31) + "." + "b".repeat(31);

  private final StringWriter out = new StringWriter();
  private final Terminal terminal =
      new Terminal(
          out, Terminal.Kind.PIPE, new StringWriter(), Terminal.Kind.PIPE, Map.of(), () -> "");

  private static Table fields(String name, String owner) {
    Table table =
        new Table("ID", "NAME", "SIZE", "STATE", "OWNER")
            .wrapping("OWNER")
            .leavingOut("SIZE", "OWNER", "STATE");
    table.row(Cell.of(7), Cell.of(name), Cell.of(8), Cell.of("active"), Cell.of(owner));
    return table;
  }

  private List<String> printed(Table table, int room) {
    out.getBuffer().setLength(0);
    table.print(terminal, room);
    return out.toString().lines().toList();
  }

  @Test
  void print_whenThereIsRoom_isWhole() {
    assertThat(printed(fields("edge.a", "x.service, y.service"), 80))
        .containsExactly(
            "ID  NAME    SIZE  STATE   OWNER", "7   edge.a  8     active  x.service, y.service");
    assertThat(printed(fields(LONGEST_NAME, "x.service"), Integer.MAX_VALUE))
        .containsExactly(
            "ID  NAME" + " ".repeat(61) + "SIZE  STATE   OWNER",
            "7   " + LONGEST_NAME + "  8     active  x.service");
  }

  @Test
  void print_whenItIsTooWide_wrapsFirst() {
    assertThat(printed(fields("edge.a", "x.service, y.service"), 40))
        .containsExactly(
            "ID  NAME    SIZE  STATE   OWNER",
            "7   edge.a  8     active  x.service,",
            "                          y.service");
  }

  @Test
  void print_whenWrappingIsNotEnough_leavesColumnsOutInOrder() {
    assertThat(printed(fields("edge.a", "x.service, y.service"), 35))
        .containsExactly(
            "ID  NAME    STATE   OWNER         …",
            "7   edge.a  active  x.service,",
            "                    y.service");
    assertThat(printed(fields("edge.a", "x.service, y.service"), 33))
        .containsExactly(
            "ID  NAME    STATE   OWNER       …",
            "7   edge.a  active  x.service,",
            "                    y.service");
    assertThat(printed(fields("edge.a", "x.service, y.service"), 32))
        .containsExactly("ID  NAME    STATE   …", "7   edge.a  active");
    assertThat(printed(fields("edge.a", "x.service"), 20))
        .containsExactly("ID  NAME    …", "7   edge.a");
  }

  @Test
  void print_whenAWordIsTooLong_cutsIt() {
    assertThat(printed(fields("edge.a", "edge-of-the-net-of-nets.service"), 43))
        .containsExactly(
            "ID  NAME    STATE   OWNER                 …",
            "7   edge.a  active  edge-of-the-net-of-…");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 20, 40, 66})
  void print_howeverNarrow_keepsIdsAndNamesWhole(int room) {
    assertThat(printed(fields(LONGEST_NAME, "x.service"), room))
        .containsExactly("ID  NAME" + " ".repeat(61) + "…", "7   " + LONGEST_NAME);
  }

  @Test
  void print_whenNamesAreWrapped_cutsNone() {
    Table table =
        new Table("SINCE", "MISSING", "WHO").wrapping("MISSING", "WHO").leavingOut("SINCE", "WHO");
    table.row(
        Cell.of("2026-11-28T11:00:00Z"), Cell.of("edge.a,edge.b," + LONGEST_NAME), Cell.of("x"));

    assertThat(printed(table, 71))
        .containsExactly(
            "MISSING" + " ".repeat(58) + "WHO  …",
            "edge.a,edge.b," + " ".repeat(51) + "x",
            LONGEST_NAME);
  }

  @Test
  void print_whenItHasNoHeadings_wrapsTheLastColumnAndCutsNothing() {
    Table sheet = new Table();
    sheet.row(Cell.of("name"), Cell.of(LONGEST_NAME));
    sheet.row(Cell.of("problem"), Cell.of("the disk is full, and nothing can be written"));

    assertThat(printed(sheet, 40))
        .containsExactly(
            "name     " + LONGEST_NAME,
            "problem  the disk is full, and nothing",
            "         can be written");
  }

  @Test
  void print_whenCharactersAreWide_alignsByWhatIsSeen() {
    Table table = new Table("A", "B");
    table.row(Cell.of("パケット"), Cell.of("x"));
    table.row(Cell.of("nu\u0301mero"), Cell.of("x"));

    assertThat(printed(table, 80)).containsExactly("A         B", "パケット  x", "nu\u0301mero    x");
  }

  @ParameterizedTest
  @CsvSource({
    "abc, 3",
    "número, 6",
    "nu\u0301mero, 6",
    "パケット, 8",
    "ﾊﾟｹｯﾄ, 5", // half width
    "패킷, 4",
    "包, 2",
    "📦, 2",
    "…, 1",
    "Ωβ, 2",
  })
  void widthOf_whateverTheScript_isWhatTerminalsTake(String text, int width) {
    assertThat(TextWidth.of(text)).isEqualTo(width);
  }

  @Test
  void cut_whenACharacterWouldBeHalved_leavesItOut() {
    assertThat(TextWidth.cut("パケット", 8)).isEqualTo("パケット");
    assertThat(TextWidth.cut("パケット", 7)).isEqualTo("パケッ…");
    assertThat(TextWidth.cut("パケット", 6)).isEqualTo("パケ…");
    assertThat(TextWidth.cut("nu\u0301mero", 4)).isEqualTo("nu\u0301m…");
  }

  @Test
  void lines_whenWordsAreLonger_keepsThemWhole() {
    assertThat(Wrapping.lines("a bc def", 4)).containsExactly("a bc", "def");
    assertThat(Wrapping.lines("abcdef gh,ij", 3)).containsExactly("abcdef", "gh,", "ij");
    assertThat(Wrapping.lines("", 3)).containsExactly("");
  }
}
