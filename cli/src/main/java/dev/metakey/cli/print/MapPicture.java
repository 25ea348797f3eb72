package dev.metakey.cli.print;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The 64 ids as a picture of eight rows, who has them, and the area byte by byte. */
final class MapPicture {
  private static final int ROW = 8;

  /** From this width on, ids are shown with the last part of their fields' names. */
  private static final int WIDE = 80;

  private static final int NARROW = 40;
  private static final int WIDE_CELL = 9;
  private static final int NARROW_CELL = 3;

  /** One for each owner; there are no more owners than ids. */
  private static final String LETTERS =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789#@";

  private final Terminal terminal;
  private final boolean isWide;
  private final int columns;
  private final Snapshot snapshot;
  private final List<Integer> forAdmins;
  private final Map<String, List<Field>> holdings = new LinkedHashMap<>();
  private final Map<String, Character> letters = new LinkedHashMap<>();

  /**
   * @param columns what the terminal shows in a line
   */
  MapPicture(Terminal terminal, int columns, Snapshot snapshot) {
    this.terminal = terminal;
    this.isWide = columns >= WIDE;
    this.columns = isWide ? WIDE : NARROW;
    this.snapshot = snapshot;
    this.forAdmins = forAdmins(snapshot);
    for (Field field : snapshot.records()) {
      String owners = Text.owners(field);
      if (!field.is(FieldState.FREE) && !owners.isEmpty()) {
        holdings.computeIfAbsent(owners, name -> new ArrayList<>()).add(field);
        letters.computeIfAbsent(owners, name -> LETTERS.charAt(letters.size()));
      }
    }
  }

  /** The ids that are given away last, which nobody but admins gets. */
  static List<Integer> forAdmins(Snapshot snapshot) {
    List<Integer> free = snapshot.freeIds();
    return free.subList(Math.max(0, free.size() - Snapshot.IDS_FOR_ADMINS), free.size());
  }

  void print() {
    paragraph(Style.HEADING, "ids: " + counts());
    terminal.line("");
    ids();
    terminal.line("");
    paragraph(
        Style.FAINT,
        "owner's letter, size; ~ retired, = reserved, - nobody's, . free, * admins only");
    owners();
    terminal.line("");
    new AreaRuler(snapshot).print(terminal, isWide ? 8 : 4, this::paragraph);
  }

  private String counts() {
    return "%d active, %d retired, %d reserved, %d free (%d for admins only)"
        .formatted(
            count(FieldState.ACTIVE),
            count(FieldState.RETIRED),
            count(FieldState.RESERVED),
            snapshot.freeIds().size(),
            forAdmins.size());
  }

  private long count(FieldState state) {
    return snapshot.records().stream().filter(field -> field.is(state)).count();
  }

  private void ids() {
    if (!isWide) {
      row("   ", id -> new Cell(Integer.toString(id), Style.FAINT), 0, NARROW_CELL);
    }
    for (int first = 0; first < Field.IDS; first += ROW) {
      if (isWide) {
        row("", this::wideCell, first, WIDE_CELL);
        if (IntStream.range(first, first + ROW).anyMatch(id -> fieldAt(id) != null)) {
          row("", this::nameCell, first, WIDE_CELL);
        }
      } else {
        row("%2d ".formatted(first), this::narrowCell, first, NARROW_CELL);
      }
    }
  }

  private interface CellMaker {
    Cell of(int id);
  }

  private void row(String label, CellMaker maker, int first, int width) {
    StringBuilder line = new StringBuilder(label);
    int gap = 0;
    for (int id = first; id < first + ROW; id++) {
      Cell cell = maker.of(id);
      if (!cell.text().isBlank()) {
        line.append(" ".repeat(gap)).append(terminal.paint(cell.style(), cell.text()));
        gap = 0;
      }
      gap += width + 1 - (cell.text().isBlank() ? 0 : cell.text().length());
    }
    terminal.line(line.toString());
  }

  private Cell wideCell(int id) {
    Field field = fieldAt(id);
    String text =
        field == null
            ? "%2d %c".formatted(id, free(id))
            : "%2d %c %d%s".formatted(id, letter(field), field.size(), mark(" ", field));
    return new Cell(text, style(field));
  }

  private Cell narrowCell(int id) {
    Field field = fieldAt(id);
    String text =
        field == null
            ? String.valueOf(free(id))
            : "%c%d%s".formatted(letter(field), field.size(), mark("", field));
    return new Cell(text, style(field));
  }

  /** The last part of the name, which tells most in little room. */
  private Cell nameCell(int id) {
    Field field = fieldAt(id);
    if (field == null) {
      return new Cell(" ", Style.PLAIN);
    }
    String name = field.name().substring(field.name().lastIndexOf('.') + 1);
    return new Cell(TextWidth.cut(name, WIDE_CELL), style(field));
  }

  private @Nullable Field fieldAt(int id) {
    return fieldAt(snapshot, id);
  }

  /** What an id stands for; null if it is free, or no field ever had it. */
  static @Nullable Field fieldAt(Snapshot snapshot, int id) {
    Field field = snapshot.byId(id);
    return field == null || field.is(FieldState.FREE) ? null : field;
  }

  private char free(int id) {
    return forAdmins.contains(id) ? '*' : '.';
  }

  private char letter(Field field) {
    return letters.getOrDefault(Text.owners(field), '-');
  }

  private static String mark(String gap, Field field) {
    return switch (field.state()) {
      case RETIRED -> gap + "~";
      case RESERVED -> gap + "=";
      case ACTIVE, WELL_KNOWN, FREE -> "";
    };
  }

  private static Style style(@Nullable Field field) {
    return Style.of(field == null ? FieldState.FREE : field.state());
  }

  private void owners() {
    Table table = new Table();
    holdings.forEach(
        (owners, fields) ->
            table.row(
                Cell.of(letter(fields.get(0))),
                Cell.of(fields.size() + (fields.size() == 1 ? " id" : " ids")),
                Cell.of(fields.stream().mapToInt(Field::size).sum() + " bytes"),
                Cell.of(owners)));
    table.print(terminal, columns);
  }

  /** Words, in as many lines as they take. */
  private void paragraph(Style style, String text) {
    for (String line : Wrapping.lines(text, columns)) {
      terminal.line(terminal.paint(style, line));
    }
  }
}
