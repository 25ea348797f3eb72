package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Fields as {@link FieldForm} shows them, and among them the ids that no field ever had. */
final class IdForm implements Form<IdForm.Entry> {
  private final FieldForm fields = new FieldForm();

  /**
   * One id.
   *
   * @param field the field that has it, or had it last; null if none ever had
   */
  record Entry(int id, @Nullable Field field) {}

  /** The fields in some states, and the ids that no field has a record of, in the order of ids. */
  static List<Entry> entries(List<Field> all, Set<FieldState> wanted) {
    Set<Integer> known = new HashSet<>();
    List<Entry> entries = new ArrayList<>();
    for (Field field : all) {
      known.add(field.id());
      if (wanted.contains(field.state())) {
        entries.add(new Entry(field.id(), field));
      }
    }
    for (int id = 0; id < Field.IDS; id++) {
      if (!known.contains(id)) {
        entries.add(new Entry(id, null));
      }
    }
    entries.sort(Comparator.comparingInt(Entry::id));
    return entries;
  }

  @Override
  public Table table(List<Entry> entries, boolean wide) {
    Table table = fields.table(List.of(), wide);
    for (Entry entry : entries) {
      table.row(entry.field() == null ? never(entry.id(), wide) : fields.row(entry.field(), wide));
    }
    return table;
  }

  private static List<Cell> never(int id, boolean wide) {
    List<Cell> row = new ArrayList<>();
    row.add(Cell.of(id));
    for (int i = 0; i < (wide ? FieldForm.WIDE_COLUMNS : FieldForm.COLUMNS) - 1; i++) {
      row.add(Cell.of(""));
    }
    row.set(FieldForm.STATE, new Cell(FieldState.FREE.toString(), Style.of(FieldState.FREE)));
    return row;
  }

  @Override
  public void members(JsonWriter json, Entry entry) throws IOException {
    if (entry.field() != null) {
      fields.members(json, entry.field());
      return;
    }
    json.name("id").value(entry.id());
    json.name("name").nullValue();
    json.name("generation").value(0);
    json.name("state").value(FieldState.FREE.toString());
  }

  /** A free id has no name, so it is shown by its number. */
  @Override
  public String name(Entry entry) {
    Field field = entry.field();
    return field == null || field.is(FieldState.FREE) ? Integer.toString(entry.id()) : field.name();
  }
}
