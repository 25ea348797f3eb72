package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Change;
import dev.metakey.model.Field;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Changes, a row each. */
final class ChangeForm {
  private static final String[] WIDE = {
    "REVISION",
    "TIME",
    "CHANGE",
    "ID",
    "NAME",
    "SIZE",
    "SLOT",
    "GEN",
    "STATE",
    "BY",
    "OWNER",
    "BEFORE"
  };

  private ChangeForm() {}

  /** Everything, for a table that has all columns. */
  static Table headingWithBefore() {
    return new Table(WIDE);
  }

  /** All but what was before. */
  static Table heading(boolean wide) {
    return wide
        ? new Table(Arrays.copyOf(WIDE, WIDE.length - 1))
        : new Table("REVISION", "TIME", "CHANGE", "ID", "NAME", "SIZE", "SLOT", "BY")
            .wrapping("BY")
            .leavingOut("SLOT", "SIZE", "REVISION", "TIME", "BY", "CHANGE");
  }

  static List<Cell> row(Change change, boolean wide) {
    Field field = change.field();
    List<Cell> row = new ArrayList<>();
    row.add(Cell.of(change.revision()));
    row.add(Cell.of(Text.time(change.atMs())));
    row.add(new Cell(change.kind().toString(), style(change)));
    row.addAll(FieldForm.place(field));
    if (wide) {
      row.addAll(standing(field));
    }
    row.add(Cell.of(change.peer()));
    if (wide) {
      row.add(Cell.of(Text.owners(field)));
    }
    return row;
  }

  /** GEN and STATE. */
  static List<Cell> standing(Field field) {
    return List.of(
        Cell.of(field.generation() == 0 ? "" : field.generation()),
        new Cell(field.state().toString(), Style.of(field.state())));
  }

  private static Style style(Change change) {
    return switch (change.kind()) {
      case CREATED, RESTORED, JOINED -> Style.GOOD;
      case RELEASED, EXPIRED, LEFT, FREED, MOVED, ADOPTED, FORCED, TRANSFERRED, RECOVERED ->
          Style.ATTENTION;
      case RESERVED, UNRESERVED, OTHER -> Style.PLAIN;
    };
  }

  static void members(JsonWriter json, Change change) throws IOException {
    json.name("revision").value(change.revision());
    json.name("commit_revision").value(change.commitRevision());
    json.name("at");
    Json.time(json, change.atMs());
    json.name("kind").value(change.kind().toString());
    json.name("admin").value(change.isByAdmin());
    json.name("before");
    Json.field(json, change.before());
    json.name("after");
    Json.field(json, change.after());
    Json.peer(json, change.peer());
  }
}
