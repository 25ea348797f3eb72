package dev.metakey.cli.print;

import java.util.ArrayList;
import java.util.List;

/** Aligned columns, two spaces apart; the last one is not padded. */
final class Table {
  private static final String GAP = "  ";

  private final List<String> columns;
  private final List<List<Cell>> rows = new ArrayList<>();

  /**
   * @param columns the headings; none: rows without a heading
   */
  Table(String... columns) {
    this.columns = List.of(columns);
  }

  void row(List<Cell> cells) {
    rows.add(List.copyOf(cells));
  }

  void row(Cell... cells) {
    row(List.of(cells));
  }

  boolean isEmpty() {
    return rows.isEmpty();
  }

  /** Everything, as wide as it needs to be. */
  void print(Terminal terminal) {
    int[] widths = new int[rows.stream().mapToInt(List::size).max().orElse(columns.size())];
    for (int i = 0; i < columns.size(); i++) {
      widths[i] = columns.get(i).length();
    }
    for (List<Cell> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        widths[i] = Math.max(widths[i], width(row.get(i).text()));
      }
    }
    printHeading(terminal, widths);
    for (List<Cell> row : rows) {
      printLine(terminal, row, widths);
    }
  }

  void printHeading(Terminal terminal, int... widths) {
    if (!columns.isEmpty()) {
      printLine(terminal, columns.stream().map(c -> new Cell(c, Style.HEADING)).toList(), widths);
    }
  }

  /** One row of a table that has no end: what is wider than its column pushes the rest aside. */
  static void printLine(Terminal terminal, List<Cell> row, int... widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < row.size(); i++) {
      Cell cell = row.get(i);
      line.append(terminal.paint(cell.style(), cell.text()));
      if (i < row.size() - 1) {
        line.append(" ".repeat(Math.max(0, widths[i] - width(cell.text())))).append(GAP);
      }
    }
    terminal.line(line.toString());
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }
}
