package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Pending;
import java.io.IOException;
import java.util.List;

/** Who waits for which names. */
final class PendingForm implements Form<Pending> {
  @Override
  public Table table(List<Pending> pending, boolean wide) {
    Table table =
        wide
            ? new Table("SINCE", "UNTIL", "MISSING", "WHO", "NAMES")
            : new Table("SINCE", "UNTIL", "MISSING", "WHO")
                .wrapping("MISSING", "WHO")
                .leavingOut("UNTIL", "SINCE", "WHO");
    for (Pending one : pending) {
      Cell since = Cell.of(Text.time(one.sinceMs()));
      Cell until = Cell.of(Text.time(one.untilMs()));
      Cell missing = new Cell(String.join(",", one.missing()), Style.ATTENTION);
      Cell who = Cell.of(one.peer());
      if (wide) {
        table.row(since, until, missing, who, Cell.of(String.join(",", one.names())));
      } else {
        table.row(since, until, missing, who);
      }
    }
    return table;
  }

  @Override
  public void members(JsonWriter json, Pending pending) throws IOException {
    Json.peer(json, pending.peer());
    Json.strings(json, "names", pending.names());
    Json.strings(json, "missing", pending.missing());
    json.name("since");
    Json.time(json, pending.sinceMs());
    json.name("until");
    Json.time(json, pending.untilMs());
  }

  /** The names that are missing, a line each. */
  @Override
  public String name(Pending pending) {
    return String.join("\n", pending.missing());
  }
}
