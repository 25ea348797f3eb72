package dev.metakey.cli.print;

import dev.metakey.model.FleetName;
import dev.metakey.model.FleetReport;
import dev.metakey.model.FleetStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Prints what becomes of a fleet's names: first all, then what differs from one report of the host
 * to the next. Every line is handed over at once.
 */
public final class FleetWatchPrinter {
  private static final String STATE = "state";

  /** For names of 32 letters. */
  private static final int[] WIDTHS = {8, 8, 2, 32, 4, 4, 16};

  /** A name, and what became of it. */
  private record Event(String change, FleetName name) {}

  private final Terminal terminal;
  private final Output output;
  private final EndlessTable table;
  private final FleetForms.OfNames form = new FleetForms.OfNames();
  private @Nullable Map<String, FleetName> known;
  private boolean connected = true;
  private boolean gone;

  public FleetWatchPrinter(Terminal terminal, Output output) {
    this.terminal = terminal;
    this.output = output;
    Table headings =
        new Table("REVISION", "CHANGE", "ID", "NAME", "SIZE", "SLOT", "SERVICE")
            .leavingOut("REVISION", "SLOT", "SERVICE");
    this.table = new EndlessTable(terminal, terminal.room(), headings, WIDTHS);
  }

  public void print(FleetReport report) {
    gone = false;
    Map<String, FleetName> names = new LinkedHashMap<>();
    report.names().forEach(name -> names.put(name.spec().name(), name));
    List<Event> events = events(names);
    if (known == null || !events.isEmpty()) {
      tell(report.status(), known == null ? STATE : "changes", events);
    }
    known = names;
    if (report.status().connected() != connected) {
      connected = report.status().connected();
      tellConnection(report.status());
    }
  }

  /** The daemon does not answer; said once. */
  public void gone(String cause) {
    if (!gone) {
      gone = true;
      event("disconnected", cause);
      terminal.note("the daemon is gone, waiting for it to come back: " + cause);
    }
  }

  private void tellConnection(FleetStatus status) {
    if (connected) {
      event("connected", "");
      terminal.note("etcd answers again");
    } else {
      event("away", status.why());
      terminal.note(
          "etcd is away since %s, and changes are told when it is back: %s"
              .formatted(Text.time(status.sinceMs()), status.why()));
    }
  }

  private List<Event> events(Map<String, FleetName> names) {
    List<Event> events = new ArrayList<>();
    Map<String, FleetName> before = known;
    if (before == null) {
      names.values().forEach(name -> events.add(new Event(STATE, name)));
      return events;
    }
    before.forEach(
        (key, name) -> {
          if (!names.containsKey(key)) {
            events.add(new Event("gone", name));
          }
        });
    names.forEach(
        (key, name) -> {
          FleetName old = before.get(key);
          if (!name.equals(old)) {
            events.add(new Event(change(old, name), name));
          }
        });
    return events;
  }

  private static String change(@Nullable FleetName before, FleetName now) {
    if (before == null || before.generation() != now.generation()) {
      return "claimed";
    }
    if (before.retired() == now.retired()) {
      return "changed";
    }
    return now.retired() ? "retired" : "held";
  }

  private void tell(FleetStatus status, String kind, List<Event> events) {
    switch (output) {
      case TABLE, WIDE -> {
        table.heading();
        events.forEach(event -> table.row(row(status, event)));
      }
      case NAME -> events.forEach(event -> terminal.line(form.name(event.name())));
      case JSON, JSONL ->
          terminal.line(
              Printer.object(
                  "",
                  json -> {
                    json.name("event").value(kind);
                    json.name("etcd_revision").value(status.revision());
                    json.name("names").beginArray();
                    for (Event event : events) {
                      json.beginObject();
                      json.name("change").value(event.change());
                      form.members(json, event.name());
                      json.endObject();
                    }
                    json.endArray();
                  }));
    }
    terminal.flush();
  }

  private void event(String kind, String message) {
    if (output == Output.JSON || output == Output.JSONL) {
      terminal.line(
          Printer.object(
              "",
              json -> {
                json.name("event").value(kind);
                json.name("message").value(message);
              }));
      terminal.flush();
    }
  }

  private static List<Cell> row(FleetStatus status, Event event) {
    FleetName name = event.name();
    return List.of(
        Cell.of(status.revision()),
        new Cell(event.change(), event.change().equals(STATE) ? Style.FAINT : Style.PLAIN),
        Cell.of(name.id()),
        Cell.of(name.spec().name()),
        Cell.of(name.spec().size()),
        Cell.of(name.slot()),
        Cell.of(name.service()));
  }
}
