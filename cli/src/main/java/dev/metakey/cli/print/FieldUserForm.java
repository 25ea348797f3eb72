package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.FieldUse;
import dev.metakey.model.FieldUser;
import dev.metakey.model.LoadedProgram;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Loaded programs, a row for each field that they use. */
final class FieldUserForm implements Form<FieldUser> {
  @Override
  public Table table(List<FieldUser> users, boolean wide) {
    Table table =
        wide
            ? new Table(
                "PROGRAM",
                "TYPE",
                "NAME",
                "ROLE",
                "FIELD",
                "LINKED",
                "ID",
                "SIZE",
                "SLOT",
                "GEN",
                "LAYOUT",
                "AREA",
                "REGISTRY",
                "TAG",
                "LOADED",
                "PIDS",
                "STALE")
            : new Table("PROGRAM", "TYPE", "NAME", "ROLE", "FIELD", "LINKED", "ID", "STALE")
                .wrapping("STALE")
                .leavingOut("TYPE", "NAME", "LINKED", "ROLE", "STALE");
    users.forEach(user -> table.row(row(user, wide)));
    return table;
  }

  private static List<Cell> row(FieldUser user, boolean wide) {
    LoadedProgram program = user.program();
    FieldUse use = user.use();
    FieldUse.Place place = use.place();
    List<Cell> row = new ArrayList<>();
    row.add(Cell.of(program.id()));
    row.add(Cell.of(program.type()));
    row.add(Cell.of(program.name()));
    row.add(Cell.of(use.role()));
    row.add(Cell.of(use.name()));
    row.add(place == null ? new Cell("no", Style.ATTENTION) : Cell.of("yes"));
    row.add(Cell.of(place == null ? "" : place.id()));
    if (wide) {
      row.add(Cell.of(use.size()));
      row.add(Cell.of(place == null || place.slot() == 0 ? "" : place.slot()));
      row.add(Cell.of(place == null ? "" : place.generation()));
      row.add(Cell.of(place == null ? "" : place.layout()));
      row.add(Cell.of(place == null ? "" : place.areaBytes()));
      row.add(Cell.of(place == null ? "" : place.registryId()));
      row.add(Cell.of(program.tag()));
      row.add(Cell.of(Text.time(program.loadedAtMs())));
      row.add(Cell.of(String.join(",", program.pids().stream().map(String::valueOf).toList())));
    }
    row.add(new Cell(user.staleBecause(), Style.BAD));
    return row;
  }

  @Override
  public void members(JsonWriter json, FieldUser user) throws IOException {
    LoadedProgram program = user.program();
    json.name("program").beginObject();
    json.name("id").value(program.id());
    json.name("name").value(program.name());
    json.name("type").value(program.type());
    json.name("tag").value(program.tag());
    json.name("loaded_at");
    Json.time(json, program.loadedAtMs());
    json.name("pids").beginArray();
    for (int pid : program.pids()) {
      json.value(pid);
    }
    json.endArray();
    json.endObject();
    json.name("name").value(user.use().name());
    json.name("size").value(user.use().size());
    json.name("role").value(user.use().role().toString());
    json.name("linked").value(user.isLinked());
    json.name("place");
    place(json, user.use());
    json.name("stale_because").value(user.isStale() ? user.staleBecause() : null);
  }

  private static void place(JsonWriter json, FieldUse use) throws IOException {
    FieldUse.Place place = use.place();
    if (place == null) {
      json.nullValue();
      return;
    }
    json.beginObject();
    json.name("registry_id").value(place.registryId().toString());
    json.name("layout").value(place.layout().toString());
    json.name("area_bytes").value(place.areaBytes());
    json.name("id").value(place.id());
    json.name("generation").value(Integer.toUnsignedLong(place.generation()));
    json.name("slot").value(place.slot());
    json.endObject();
  }

  @Override
  public String name(FieldUser user) {
    return user.use().name();
  }
}
