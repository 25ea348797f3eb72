package dev.metakey.cli.print;

import java.util.ArrayList;
import java.util.List;

/**
 * Aligned columns, two spaces apart; the last one is not padded. A table that is wider than its
 * room first wraps the columns that may be wrapped, then leaves columns out, in the order that was
 * given for that; an ellipsis behind the headings tells of it. Ids and names of fields always stay,
 * whole.
 */
final class Table {
  private static final String GAP = "  ";
  private static final Cell MORE = new Cell("…", Style.FAINT);

  /** Longer words of a column are cut before another column is left out for them. */
  private static final int LONG_WORD = 20;

  private final List<String> columns;
  private final List<List<Cell>> rows = new ArrayList<>();
  private List<String> wrapped = List.of();
  private List<String> leftOut = List.of();

  /**
   * @param columns the headings; none: rows without a heading, whose last cells may be wrapped
   */
  Table(String... columns) {
    this.columns = List.of(columns);
  }

  /** Says which columns may be wrapped. */
  Table wrapping(String... which) {
    wrapped = List.of(which);
    return this;
  }

  /** Says which columns may be left out, the first one first. Words of others are never cut. */
  Table leavingOut(String... which) {
    leftOut = List.of(which);
    return this;
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

  /**
   * Everything, as wide as it needs to be or, if that is less, as wide as there is room.
   *
   * @param room in columns of the terminal
   */
  void print(Terminal terminal, int room) {
    int[] widths = new int[count()];
    int[] least = new int[widths.length];
    for (int i = 0; i < widths.length; i++) {
      measure(i, widths, least);
    }
    List<Integer> shown = shown(least, room);
    narrow(widths, least, shown, room);
    if (!columns.isEmpty()) {
      printLine(terminal, heading(shown), pick(shown, widths));
    }
    for (List<Cell> row : rows) {
      printRow(terminal, row, shown, widths);
    }
  }

  private int count() {
    return !columns.isEmpty() ? columns.size() : rows.isEmpty() ? 0 : rows.get(0).size();
  }

  private void measure(int column, int[] widths, int[] least) {
    boolean mayWrap = mayWrap(column);
    int widestWord = 0;
    for (List<Cell> row : rows) {
      String text = column < row.size() ? row.get(column).text() : "";
      widths[column] = Math.max(widths[column], TextWidth.of(text));
      if (mayWrap) {
        widestWord = Math.max(widestWord, Wrapping.widestWord(text));
      }
    }
    int heading = columns.isEmpty() ? 0 : columns.get(column).length();
    widths[column] = Math.max(widths[column], heading);
    if (columns.isEmpty() || mayBeLeftOut(column)) {
      widestWord = Math.min(widestWord, LONG_WORD);
    }
    least[column] = mayWrap ? Math.max(heading, widestWord) : widths[column];
  }

  private boolean mayWrap(int column) {
    return columns.isEmpty() ? column == count() - 1 : wrapped.contains(columns.get(column));
  }

  boolean mayBeLeftOut(int column) {
    return !columns.isEmpty() && leftOut.contains(columns.get(column));
  }

  /**
   * The columns that there is room for.
   *
   * @param least how narrow each may get
   */
  List<Integer> shown(int[] least, int room) {
    List<Integer> shown = new ArrayList<>();
    for (int i = 0; i < least.length; i++) {
      shown.add(i);
    }
    for (String column : leftOut) {
      if (total(shown, least) <= room) {
        break;
      }
      shown.remove((Integer) columns.indexOf(column));
    }
    return shown;
  }

  /** How wide the columns are together, with the ellipsis where some are left out. */
  int total(List<Integer> shown, int[] widths) {
    int total = (shown.size() - 1) * GAP.length();
    for (int column : shown) {
      total += widths[column];
    }
    return shown.size() < widths.length ? total + GAP.length() + 1 : total;
  }

  /** Takes from the widest column that can give, until all fits or none can. */
  private void narrow(int[] widths, int[] least, List<Integer> shown, int room) {
    for (int over = total(shown, widths) - room; over > 0; over--) {
      int widest = -1;
      for (int column : shown) {
        if (widths[column] > least[column] && (widest < 0 || widths[column] > widths[widest])) {
          widest = column;
        }
      }
      if (widest < 0) {
        return;
      }
      widths[widest]--;
    }
  }

  List<Cell> heading(List<Integer> shown) {
    List<Cell> heading = new ArrayList<>();
    for (int column : shown) {
      heading.add(new Cell(columns.get(column), Style.HEADING));
    }
    if (shown.size() < columns.size()) {
      heading.add(MORE);
    }
    return heading;
  }

  /** The widths of the columns that are shown; the one behind them is that of the ellipsis. */
  static int[] pick(List<Integer> shown, int... widths) {
    int[] picked = new int[shown.size() + 1];
    for (int i = 0; i < shown.size(); i++) {
      picked[i] = widths[shown.get(i)];
    }
    return picked;
  }

  private void printRow(Terminal terminal, List<Cell> row, List<Integer> shown, int... widths) {
    List<List<String>> texts = new ArrayList<>();
    int lines = 1;
    for (int column : shown) {
      if (column < row.size()) {
        List<String> text = text(row.get(column).text(), column, widths[column]);
        texts.add(text);
        lines = Math.max(lines, text.size());
      }
    }
    int[] picked = pick(shown, widths);
    for (int i = 0; i < lines; i++) {
      List<Cell> line = new ArrayList<>();
      for (int k = 0; k < texts.size(); k++) {
        List<String> text = texts.get(k);
        if (i < text.size()) {
          line.add(new Cell(text.get(i), row.get(shown.get(k)).style()));
        } else {
          line.add(Cell.BLANK);
        }
      }
      printLine(terminal, line, picked);
    }
  }

  private List<String> text(String text, int column, int width) {
    if (TextWidth.of(text) <= width || !mayWrap(column)) {
      return List.of(text);
    }
    List<String> lines = Wrapping.lines(text, width);
    return mayBeLeftOut(column)
        ? lines.stream().map(line -> TextWidth.cut(line, width)).toList()
        : lines;
  }

  /** One line: what is wider than its column pushes the rest aside. */
  static void printLine(Terminal terminal, List<Cell> cells, int... widths) {
    StringBuilder line = new StringBuilder();
    int gap = 0;
    for (int i = 0; i < cells.size(); i++) {
      Cell cell = cells.get(i);
      int width = 0;
      if (!cell.text().isBlank()) {
        width = TextWidth.of(cell.text());
        line.append(" ".repeat(gap)).append(terminal.paint(cell.style(), cell.text()));
        gap = 0;
      }
      gap += Math.max(width, widths[i]) - width + GAP.length();
    }
    terminal.line(line.toString());
  }
}
