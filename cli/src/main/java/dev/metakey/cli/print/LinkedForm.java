package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.link.LinkOutcome;
import dev.metakey.link.LinkedRecord;
import dev.metakey.model.FieldUse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What linking did: the records of an object, in its order. */
final class LinkedForm implements Form<LinkedRecord> {
  @Override
  public Table table(List<LinkedRecord> records, boolean wide) {
    Table table =
        wide
            ? new Table("ID", "NAME", "SIZE", "SLOT", "ROLE", "OUTCOME", "GEN", "LAYOUT", "AREA")
            : new Table("ID", "NAME", "SIZE", "SLOT", "ROLE", "OUTCOME")
                .leavingOut("SLOT", "SIZE", "ROLE", "OUTCOME");
    for (LinkedRecord record : records) {
      FieldUse use = record.use();
      FieldUse.Place place = use.place();
      List<Cell> row = new ArrayList<>();
      row.add(Cell.of(place == null ? "" : place.id()));
      row.add(Cell.of(use.name()));
      row.add(Cell.of(use.size()));
      row.add(Cell.of(place == null || place.slot() == 0 ? "" : place.slot()));
      row.add(Cell.of(use.role()));
      row.add(new Cell(record.outcome().toString(), style(record.outcome())));
      if (wide) {
        row.add(Cell.of(place == null ? "" : place.generation()));
        row.add(Cell.of(place == null ? "" : place.layout()));
        row.add(Cell.of(place == null ? "" : place.areaBytes()));
      }
      table.row(row);
    }
    return table;
  }

  private static Style style(LinkOutcome outcome) {
    return switch (outcome) {
      case CREATED -> Style.GOOD;
      case EXISTING, RESOLVED -> Style.PLAIN;
      case TO_CREATE, TO_RESOLVE -> Style.ATTENTION;
    };
  }

  @Override
  public void members(JsonWriter json, LinkedRecord record) throws IOException {
    FieldUse use = record.use();
    FieldUse.Place place = use.place();
    json.name("name").value(use.name());
    json.name("size").value(use.size());
    json.name("role").value(use.role().toString());
    json.name("outcome").value(record.outcome().toString());
    json.name("id").value(place == null ? null : place.id());
    json.name("slot").value(place == null ? null : place.slot());
    json.name("generation").value(place == null ? null : place.generation());
    Json.differences(json, record.differences());
  }

  @Override
  public String name(LinkedRecord record) {
    return record.use().name();
  }
}
