package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Field;
import dev.metakey.model.Format;
import dev.metakey.packet.FieldValue;
import java.io.IOException;
import java.util.List;

/** The values that a packet carries, a row each. */
final class ValueForm implements Form<FieldValue> {
  @Override
  public Table table(List<FieldValue> values, boolean wide) {
    Table table =
        wide
            ? new Table("ID", "NAME", "SIZE", "VALUE", "RAW", "FORMAT", "STATE")
            : new Table("ID", "NAME", "SIZE", "VALUE").leavingOut("SIZE");
    for (FieldValue value : values) {
      Field field = value.field();
      Cell id = Cell.of(value.id());
      Cell name = Cell.of(field == null ? "" : field.name());
      Cell size = Cell.of(value.size() == 0 ? "" : value.size());
      Cell text = Cell.of(value.text());
      if (wide) {
        Cell raw = Cell.of(value.size() == 0 ? "" : Format.HEX.text(value.value(), value.size()));
        Cell format = Cell.of(field == null ? "" : field.spec().format());
        Cell state =
            field == null
                ? Cell.of("")
                : new Cell(field.state().toString(), Style.of(field.state()));
        table.row(id, name, size, text, raw, format, state);
      } else {
        table.row(id, name, size, text);
      }
    }
    return table;
  }

  /** The value is text: as a number it would lose bits in most readers of JSON. */
  @Override
  public void members(JsonWriter json, FieldValue value) throws IOException {
    Field field = value.field();
    boolean isRead = value.size() != 0;
    json.name("id").value(value.id());
    json.name("name").value(field == null ? null : field.name());
    json.name("size").value(isRead ? value.size() : null);
    json.name("value").value(isRead ? Long.toUnsignedString(value.value()) : null);
    json.name("text").value(isRead ? value.text() : null);
    json.name("format").value(field == null ? null : field.spec().format().toString());
    json.name("state").value(field == null ? null : field.state().toString());
  }

  @Override
  public String name(FieldValue value) {
    return value.field() == null ? "" : value.field().name();
  }
}
