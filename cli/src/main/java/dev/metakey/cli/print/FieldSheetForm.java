package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Blocker;
import dev.metakey.model.Field;
import dev.metakey.model.FieldReport;
import dev.metakey.model.Reservation;
import dev.metakey.model.Stamp;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** All that is known of a field, a line each. */
final class FieldSheetForm implements Form<FieldReport> {
  @Override
  public Table table(List<FieldReport> reports, boolean wide) {
    Table table = new Table();
    for (FieldReport report : reports) {
      Field field = report.field();
      place(table, field);
      attributes(table, field);
      life(table, field);
      line(table, "last used", Text.time(report.lastUsedMs()));
      blockers(table, report.blockers());
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

  private static void blockers(Table table, @Nullable List<Blocker> blockers) {
    for (Blocker blocker : blockers == null ? List.<Blocker>of() : blockers) {
      String until =
          blocker.untilMs() == 0 ? "" : "until %s: ".formatted(Text.time(blocker.untilMs()));
      table.row(Cell.of("not free"), new Cell(until + blocker.text(), Style.ATTENTION));
    }
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
  public void members(JsonWriter json, FieldReport report) throws IOException {
    Json.fieldMembers(json, report.field());
    json.name("last_used");
    Json.time(json, report.lastUsedMs());
    json.name("blockers");
    if (report.blockers() == null) {
      json.nullValue();
      return;
    }
    json.beginArray();
    for (Blocker blocker : report.blockers()) {
      blocker(json, blocker);
    }
    json.endArray();
  }

  private static void blocker(JsonWriter json, Blocker blocker) throws IOException {
    json.beginObject();
    json.name("kind").value(blocker.kind().toString());
    json.name("until");
    Json.time(json, blocker.untilMs());
    json.name("programs").beginArray();
    for (int program : blocker.programs()) {
      json.value(program);
    }
    json.endArray();
    json.name("text").value(blocker.text());
    json.endObject();
  }

  @Override
  public String name(FieldReport report) {
    return report.field().name();
  }
}
