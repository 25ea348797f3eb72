package dev.metakey.cli.print;

import java.util.ArrayList;
import java.util.List;

/**
 * A table whose rows come one by one, so that it cannot look ahead: the widths of its columns are
 * fixed. It leaves columns out as {@link Table} does; its last one has what is left of the line.
 */
final class EndlessTable {
  private final Terminal terminal;
  private final int room;
  private final Table table;
  private final int[] widths;
  private final List<Integer> shown;
  private boolean started;

  /**
   * @param table the headings, and what may be left out
   * @param widths of each column; the last: what it needs at least
   */
  EndlessTable(Terminal terminal, int room, Table table, int... widths) {
    this.terminal = terminal;
    this.room = room;
    this.table = table;
    this.widths = widths;
    this.shown = table.shown(widths, room);
  }

  /** Prints a row, and before the first one the headings. */
  void row(List<Cell> cells) {
    int[] picked = Table.pick(shown, widths);
    heading();
    List<Cell> line = new ArrayList<>();
    for (int column : shown) {
      line.add(cells.get(column));
    }
    int last = widths.length - 1;
    if (shown.contains(last) && table.mayBeLeftOut(last)) {
      Cell cell = cells.get(last);
      int left = widths[last] + room - table.total(shown, widths);
      line.set(line.size() - 1, new Cell(TextWidth.cut(cell.text(), left), cell.style()));
    }
    Table.printLine(terminal, line, picked);
  }

  /** Prints the headings, if they are not there yet. */
  void heading() {
    if (!started) {
      Table.printLine(terminal, table.heading(shown), Table.pick(shown, widths));
      started = true;
    }
  }
}
