package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.FleetHost;
import dev.metakey.model.FleetName;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetReport;
import dev.metakey.model.FleetStatus;
import java.io.IOException;
import java.util.List;

/** What is said of a fleet. */
final class FleetForms {
  private FleetForms() {}

  /** How a host stands to its fleet. */
  static final class OfStatus implements Form<FleetReport> {
    @Override
    public Table table(List<FleetReport> reports, boolean wide) {
      Table table = new Table("WHAT", "VALUE").wrapping("VALUE");
      for (FleetReport report : reports) {
        FleetStatus status = report.status();
        row(table, "fleet", status.name());
        row(table, "etcd", connection(status));
        row(table, "joined", status.joined() ? "yes" : "no");
        row(table, "revision", Long.toString(status.revision()));
        row(table, "hosts", Integer.toString(status.hosts()));
        row(table, "names", "%d; %s".formatted(status.names(), status.prefixes()));
        row(table, "ids", "%d to %d".formatted(status.firstId(), status.lastId()));
        FleetStatus.Quota quota = status.quota();
        row(
            table,
            "quota",
            "%d of %d names of this host; a service may have %d"
                .formatted(quota.hostNames(), quota.namesPerHost(), quota.namesPerService()));
        row(table, "divergent", Integer.toString(status.divergent()));
        for (String problem : status.problems()) {
          table.row(Cell.of("problem"), new Cell(problem, Style.ATTENTION));
        }
      }
      return table;
    }

    private static void row(Table table, String what, String value) {
      table.row(Cell.of(what), Cell.of(value));
    }

    private static String connection(FleetStatus status) {
      String since = "since " + Text.time(status.sinceMs());
      return status.connected()
          ? "connected " + since
          : "away %s: %s".formatted(since, status.why());
    }

    @Override
    public void members(JsonWriter json, FleetReport report) throws IOException {
      FleetStatus status = report.status();
      json.name("fleet").value(status.name());
      json.name("connected").value(status.connected());
      json.name("since");
      Json.time(json, status.sinceMs());
      json.name("why").value(status.why());
      json.name("joined").value(status.joined());
      json.name("etcd_revision").value(status.revision());
      json.name("hosts").value(status.hosts());
      json.name("names").value(status.names());
      json.name("prefixes").value(status.prefixes());
      json.name("first_id").value(status.firstId());
      json.name("last_id").value(status.lastId());
      json.name("host_names").value(status.quota().hostNames());
      json.name("names_per_host").value(status.quota().namesPerHost());
      json.name("names_per_service").value(status.quota().namesPerService());
      json.name("divergent").value(status.divergent());
      Json.strings(json, "problems", status.problems());
    }

    @Override
    public String name(FleetReport report) {
      return report.status().name();
    }
  }

  /** What the fleet has for its names. */
  static final class OfNames implements Form<FleetName> {
    @Override
    public Table table(List<FleetName> names, boolean wide) {
      Table table =
          new Table("ID", "NAME", "SIZE", "SLOT", "STATE", "SERVICE")
              .wrapping("NAME", "SERVICE")
              .leavingOut("SLOT", "STATE", "SERVICE");
      for (FleetName name : names) {
        table.row(
            Cell.of(name.id()),
            Cell.of(name.spec().name()),
            Cell.of(name.spec().size()),
            Cell.of(name.slot()),
            Cell.of(name.retired() ? "retired" : "held"),
            Cell.of(name.service()));
      }
      return table;
    }

    @Override
    public void members(JsonWriter json, FleetName name) throws IOException {
      json.name("id").value(name.id());
      json.name("name").value(name.spec().name());
      json.name("size").value(name.spec().size());
      json.name("slot").value(name.slot());
      json.name("format").value(name.spec().format().toString());
      json.name("merge").value(name.spec().merge().toString());
      json.name("sharing").value(name.spec().sharing().toString());
      json.name("service").value(name.service());
      json.name("generation").value(name.generation());
      json.name("retired").value(name.retired());
    }

    @Override
    public String name(FleetName name) {
      return name.spec().name();
    }
  }

  /** What joining does. */
  static final class OfPlan implements Form<FleetPlanLine> {
    @Override
    public Table table(List<FleetPlanLine> lines, boolean wide) {
      Table table = new Table("ID", "NAME", "SLOT", "VERDICT").wrapping("NAME", "VERDICT");
      for (FleetPlanLine line : lines) {
        table.row(
            Cell.of(line.id()),
            Cell.of(line.name()),
            Cell.of(line.slot()),
            new Cell(line.verdict(), line.agrees() ? Style.PLAIN : Style.ATTENTION));
      }
      return table;
    }

    @Override
    public void members(JsonWriter json, FleetPlanLine line) throws IOException {
      json.name("id").value(line.id());
      json.name("name").value(line.name());
      json.name("slot").value(line.slot());
      json.name("agrees").value(line.agrees());
      json.name("verdict").value(line.verdict());
    }

    @Override
    public String name(FleetPlanLine line) {
      return line.name();
    }
  }

  /** Who has joined. */
  static final class OfHosts implements Form<FleetHost> {
    @Override
    public Table table(List<FleetHost> hosts, boolean wide) {
      Table table =
          new Table("HOST", "REGISTRY", "VERSION", "SINCE")
              .wrapping("HOST")
              .leavingOut("VERSION", "SINCE");
      for (FleetHost host : hosts) {
        table.row(
            Cell.of(host.name()),
            Cell.of(host.registryId()),
            Cell.of(host.version()),
            Cell.of(Text.time(host.sinceMs())));
      }
      return table;
    }

    @Override
    public void members(JsonWriter json, FleetHost host) throws IOException {
      json.name("host").value(host.name());
      json.name("registry_id").value(host.registryId());
      json.name("version").value(host.version());
      json.name("since");
      Json.time(json, host.sinceMs());
    }

    @Override
    public String name(FleetHost host) {
      return host.name();
    }
  }
}
