package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Field;
import dev.metakey.model.Outcome;
import dev.metakey.model.Registered;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What a registration gave: the fields, with what became of each. */
final class RegisteredForm implements Form<Registered> {
  @Override
  public Table table(List<Registered> results, boolean wide) {
    Table table =
        wide
            ? new Table(
                "ID",
                "NAME",
                "SIZE",
                "SLOT",
                "OUTCOME",
                "OWNER",
                "GEN",
                "FORMAT",
                "MERGE",
                "SHARING",
                "TTL",
                "CREATED",
                "DESCRIPTION")
            : new Table("ID", "NAME", "SIZE", "SLOT", "OUTCOME", "OWNER")
                .wrapping("OWNER")
                .leavingOut("SLOT", "SIZE", "OWNER", "OUTCOME");
    for (Registered result : results) {
      Field field = result.field();
      List<Cell> row = new ArrayList<>(FieldForm.place(field));
      boolean created = result.outcome() == Outcome.CREATED;
      row.add(new Cell(result.outcome().toString(), created ? Style.GOOD : Style.PLAIN));
      row.add(Cell.of(Text.owners(field)));
      if (wide) {
        row.addAll(FieldForm.attributes(field));
      }
      table.row(row);
    }
    return table;
  }

  @Override
  public void members(JsonWriter json, Registered result) throws IOException {
    json.name("outcome").value(result.outcome().toString());
    json.name("field");
    Json.field(json, result.field());
    Json.differences(json, result.differences());
  }

  @Override
  public String name(Registered result) {
    return result.field().name();
  }
}
