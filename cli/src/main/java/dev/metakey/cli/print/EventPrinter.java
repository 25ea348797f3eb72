package dev.metakey.cli.print;

import dev.metakey.client.WatchEvent;
import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.ArrayList;
import java.util.List;

/** Prints what a watch tells, as it comes: every line is handed over at once. */
public final class EventPrinter {
  /** A table without an end cannot look ahead, so its widths are fixed: names of 32 letters fit. */
  private static final int[] WIDTHS = {8, 20, 10, 2, 32, 4, 4, 16};

  /** For less than {@link #MOST} columns. */
  private static final int[] NARROW_WIDTHS = {8, 20, 10, 2, 18, 4, 4, 16};

  private static final int MOST = 120;

  private static final int[] WIDE_WIDTHS = {8, 20, 10, 2, 32, 4, 4, 3, 10, 40, 16};

  private final Terminal terminal;
  private final Output output;
  private final EndlessTable table;
  private boolean started; // so that later states are announced

  public EventPrinter(Terminal terminal, Output output) {
    this.terminal = terminal;
    this.output = output;
    this.table = table(terminal, output);
  }

  public void print(WatchEvent event) {
    // A chain of ifs, since Java 17 cannot switch over sealed types.
    if (event instanceof WatchEvent.State state) {
      state(state.snapshot());
    } else if (event instanceof WatchEvent.Changes changes) {
      changes(changes.info(), changes.changes());
    } else if (event instanceof WatchEvent.Disconnected disconnected) {
      disconnected(disconnected.cause().text());
    }
  }

  private void state(Snapshot snapshot) {
    switch (output) {
      case TABLE, WIDE -> {
        if (started) {
          terminal.note("the whole state again: what came before is void");
        }
        started = true;
        table.heading();
        snapshot.fields().forEach(field -> line(stateRow(snapshot.info(), field)));
      }
      case JSON, JSONL -> handOver(EventLine.state(snapshot));
      case NAME -> snapshot.fields().forEach(field -> handOver(field.name()));
    }
  }

  private void changes(RegistryInfo info, List<Change> changes) {
    switch (output) {
      case TABLE, WIDE -> {
        started = true;
        changes.forEach(change -> line(ChangeForm.row(change, output == Output.WIDE)));
      }
      case JSON, JSONL -> handOver(EventLine.changes(info, changes));
      case NAME -> changes.forEach(change -> handOver(change.field().name()));
    }
  }

  private void disconnected(String cause) {
    if (output == Output.JSON || output == Output.JSONL) {
      handOver(EventLine.disconnected(cause));
    }
    terminal.note("the daemon is gone, waiting for it to come back: " + cause);
  }

  private static EndlessTable table(Terminal terminal, Output output) {
    if (output == Output.WIDE) {
      return new EndlessTable(terminal, Integer.MAX_VALUE, ChangeForm.heading(true), WIDE_WIDTHS);
    }
    int room = terminal.room();
    return new EndlessTable(
        terminal, room, ChangeForm.heading(false), room < MOST ? NARROW_WIDTHS : WIDTHS);
  }

  private void line(List<Cell> row) {
    table.row(row);
    terminal.flush();
  }

  private void handOver(String line) {
    terminal.line(line);
    terminal.flush();
  }

  /** A field of the state that a watch starts with, in the columns of a change. */
  private List<Cell> stateRow(RegistryInfo info, Field field) {
    List<Cell> row = new ArrayList<>();
    row.add(Cell.of(info.revision()));
    row.add(Cell.of(""));
    row.add(new Cell("state", Style.FAINT));
    row.addAll(FieldForm.place(field));
    if (output == Output.WIDE) {
      row.addAll(ChangeForm.standing(field));
      row.add(Cell.of(""));
    }
    row.add(Cell.of(Text.owners(field)));
    return row;
  }
}
