package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Field;
import dev.metakey.model.Reservation;
import dev.metakey.model.Stamp;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** All that is known of a field, a line each. */
final class FieldSheetForm implements Form<Field> {
  @Override
  public Table table(List<Field> fields, boolean wide) {
    Table table = new Table();
    for (Field field : fields) {
      place(table, field);
      attributes(table, field);
      life(table, field);
    }
    return table;
  }

  private static void place(Table table, Field field) {
    line(table, "name", field.name());
    line(table, "id", field.id());
    line(table, "size", field.size() + " bytes");
    line(table, "slot", field.slot() == 0 ? "" : field.slot() + " bytes before the packet");
    line(table, "generation", field.generation() == 0 ? "" : field.generation());
    table.row(Cell.of("state"), new Cell(field.state().toString(), Style.of(field.state())));
  }

  private static void attributes(Table table, Field field) {
    line(table, "description", field.spec().description());
    line(table, "format", field.spec().format());
    line(table, "merge", field.spec().merge());
    line(table, "sharing", field.spec().sharing());
    line(table, "ttl", Text.duration(field.spec().ttlMs()));
  }

  private static void life(Table table, Field field) {
    line(table, "owner", Text.owners(field));
    line(table, "reserved", reservation(field.reservation()));
    line(table, "created", stamp(field.created()));
    line(table, "retired", stamp(field.retired()));
    line(table, "expires", Text.time(field.expiresAtMs()));
  }

  private static void line(Table table, String what, Object value) {
    table.row(Cell.of(what), Cell.of(value));
  }

  private static String reservation(@Nullable Reservation reservation) {
    if (reservation == null) {
      return "";
    }
    return "by " + reservation.by() + (reservation.foreign() ? ", for a foreign program" : "");
  }

  private static String stamp(Stamp stamp) {
    if (stamp.isNone()) {
      return "";
    }
    // The published file has no times.
    String time = stamp.atMs() == 0 ? "at revision " : Text.time(stamp.atMs()) + ", revision ";
    return time + stamp.revision();
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
