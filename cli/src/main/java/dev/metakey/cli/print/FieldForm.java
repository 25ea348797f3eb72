package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Field;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Fields, a row each. */
final class FieldForm implements Form<Field> {
  /** Which column the state is, and how many there are. */
  static final int STATE = 4;

  static final int COLUMNS = 6;
  static final int WIDE_COLUMNS = 13;

  @Override
  public Table table(List<Field> fields, boolean wide) {
    Table table =
        wide
            ? new Table(
                "ID",
                "NAME",
                "SIZE",
                "SLOT",
                "STATE",
                "OWNER",
                "GEN",
                "FORMAT",
                "MERGE",
                "SHARING",
                "TTL",
                "CREATED",
                "DESCRIPTION")
            : new Table("ID", "NAME", "SIZE", "SLOT", "STATE", "OWNER")
                .wrapping("OWNER")
                .leavingOut("SLOT", "SIZE", "OWNER", "STATE");
    fields.forEach(field -> table.row(row(field, wide)));
    return table;
  }

  List<Cell> row(Field field, boolean wide) {
    List<Cell> row = new ArrayList<>(place(field));
    row.add(new Cell(field.state().toString(), Style.of(field.state())));
    row.add(Cell.of(Text.owners(field)));
    if (wide) {
      row.addAll(attributes(field));
    }
    return row;
  }

  /** ID, NAME, SIZE and SLOT. */
  static List<Cell> place(Field field) {
    return List.of(
        Cell.of(field.id()),
        Cell.of(field.name()),
        Cell.of(field.size()),
        Cell.of(field.slot() == 0 ? "" : field.slot()));
  }

  /** GEN, FORMAT, MERGE, SHARING, TTL, CREATED and DESCRIPTION. */
  static List<Cell> attributes(Field field) {
    return List.of(
        Cell.of(field.generation() == 0 ? "" : field.generation()),
        Cell.of(field.spec().format()),
        Cell.of(field.spec().merge()),
        Cell.of(field.spec().sharing()),
        Cell.of(Text.duration(field.spec().ttlMs())),
        Cell.of(Text.time(field.created().atMs())),
        Cell.of(field.spec().description()));
  }

  @Override
  public void members(JsonWriter json, Field field) throws IOException {
    Json.fieldMembers(json, field);
  }

  @Override
  public String name(Field field) {
    return field.name();
  }
}
