package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Orphan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Fields that look abandoned, a row each. */
final class OrphanForm implements Form<Orphan> {
  @Override
  public Table table(List<Orphan> orphans, boolean wide) {
    Table table =
        new Table("ID", "NAME", "SIZE", "SLOT", "OWNER", "OWNER IS", "LAST USED")
            .wrapping("OWNER")
            .leavingOut("SLOT", "SIZE", "OWNER IS", "LAST USED", "OWNER");
    for (Orphan orphan : orphans) {
      List<Cell> row = new ArrayList<>(FieldForm.place(orphan.field()));
      row.add(Cell.of(Text.owners(orphan.field())));
      row.add(Cell.of(orphan.owner()));
      row.add(Cell.of(Text.time(orphan.lastUsedMs())));
      table.row(row);
    }
    return table;
  }

  @Override
  public void members(JsonWriter json, Orphan orphan) throws IOException {
    Json.fieldMembers(json, orphan.field());
    json.name("owner_is").value(orphan.owner().toString());
    json.name("last_used");
    Json.time(json, orphan.lastUsedMs());
  }

  @Override
  public String name(Orphan orphan) {
    return orphan.field().name();
  }
}
