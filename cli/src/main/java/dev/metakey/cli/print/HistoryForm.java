package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Change;
import dev.metakey.model.FleetEvent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What the history has, a row each. */
final class HistoryForm implements Form<HistoryEntry> {
  private static final int BY = 7;
  private static final int WIDE_BY = 9;

  @Override
  public Table table(List<HistoryEntry> entries, boolean wide) {
    Table table = wide ? ChangeForm.headingWithBefore() : ChangeForm.heading(false);
    for (HistoryEntry entry : entries) {
      table.row(
          entry instanceof HistoryEntry.OfField of
              ? row(of.change(), wide)
              : row(((HistoryEntry.OfFleet) entry).event(), wide));
    }
    return table;
  }

  private static List<Cell> row(Change change, boolean wide) {
    List<Cell> row = ChangeForm.row(change, wide);
    if (change.isByAdmin()) {
      row.set(wide ? WIDE_BY : BY, Cell.of(change.peer() + ", admin"));
    }
    if (wide) {
      row.add(Cell.of(PlanForm.text(change.before(), change.field())));
    }
    return row;
  }

  private static List<Cell> row(FleetEvent event, boolean wide) {
    List<Cell> row = new ArrayList<>();
    row.add(Cell.of(event.revision()));
    row.add(Cell.of(Text.time(event.atMs())));
    row.add(new Cell(event.kind().toString(), Style.ATTENTION));
    row.add(Cell.of(event.id() < 0 ? "" : event.id()));
    row.add(Cell.of(event.name()));
    row.add(Cell.of(""));
    row.add(Cell.of(event.slot() == 0 ? "" : event.slot()));
    if (wide) {
      row.add(Cell.of(""));
      row.add(Cell.of(""));
    }
    row.add(Cell.of(event.words()));
    if (wide) {
      row.add(Cell.of(event.service()));
      row.add(Cell.of(""));
    }
    return row;
  }

  @Override
  public void members(JsonWriter json, HistoryEntry entry) throws IOException {
    if (entry instanceof HistoryEntry.OfField of) {
      ChangeForm.members(json, of.change());
      return;
    }
    FleetEvent event = ((HistoryEntry.OfFleet) entry).event();
    json.name("revision").value(event.revision());
    json.name("at");
    Json.time(json, event.atMs());
    json.name("kind").value(event.kind().toString());
    json.name("name").value(event.name());
    json.name("id");
    Json.numberOrNull(json, event.id() < 0, event.id());
    json.name("slot");
    Json.numberOrNull(json, event.slot() == 0, event.slot());
    json.name("service").value(event.service());
    json.name("host").value(event.host());
    json.name("text").value(event.text());
    json.name("before").nullValue();
    json.name("after").nullValue();
    Json.peer(json, event.peer());
  }

  @Override
  public String name(HistoryEntry entry) {
    return entry instanceof HistoryEntry.OfField of
        ? of.change().field().name()
        : ((HistoryEntry.OfFleet) entry).event().name();
  }
}
