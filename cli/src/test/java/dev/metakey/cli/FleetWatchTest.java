package dev.metakey.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.cli.print.FleetWatchPrinter;
import dev.metakey.cli.print.Output;
import dev.metakey.cli.print.Terminal;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetName;
import dev.metakey.model.FleetReport;
import dev.metakey.model.FleetStatus;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a watch of the fleet tells. */
class FleetWatchTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final FleetWatchPrinter printer =
      new FleetWatchPrinter(
          new Terminal(out, Terminal.Kind.PIPE, err, Terminal.Kind.PIPE, Map.of(), () -> "script"),
          Output.JSONL);

  private static FleetReport report(boolean connected, long revision, FleetName... names) {
    String why = connected ? "" : "etcd does not answer";
    FleetStatus status =
        new FleetStatus(
            "prod",
            true,
            connected,
            1,
            why,
            revision,
            0,
            47,
            "edge.",
            1,
            1,
            0,
            new FleetStatus.Quota(1, 32, 16),
            List.of());
    return new FleetReport(status, List.of(names), List.of());
  }

  private static FleetName name(String name, boolean retired) {
    return new FleetName(FieldSpec.of(name, 8), 17, 64, "edge", 1, retired);
  }

  private String told() {
    String text = out.toString();
    out.getBuffer().setLength(0);
    return text;
  }

  @Test
  void print_tellsTheStateAndThenWhatIsOtherwise() {
    printer.print(report(true, 41, name("edge.a", false)));
    assertThat(told()).contains("\"event\":\"state\",\"etcd_revision\":41", "edge.a");
    printer.print(report(true, 41, name("edge.a", false)));
    assertThat(told()).isEmpty();
    printer.print(report(true, 42, name("edge.a", true), name("edge.b", false)));
    assertThat(told())
        .startsWith("{\"event\":\"changes\"")
        .contains("\"change\":\"retired\"", "\"change\":\"claimed\"");
    printer.print(report(true, 43, name("edge.b", false)));
    assertThat(told()).contains("\"change\":\"gone\"", "edge.a");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void print_whenEtcdOrTheDaemonIsAway_saysSoOnceAndGoesOn() {
    printer.print(report(true, 41));
    printer.print(report(false, 41));
    printer.print(report(false, 41));
    printer.gone("connection refused");
    printer.gone("connection refused");
    printer.print(report(true, 41, name("edge.a", false)));

    assertThat(told().lines().map(line -> line.replaceAll("[\"{]event\":\"(\\w+).*", "$1")))
        .hasSize(5);
    assertThat(err.toString().lines())
        .hasSize(3)
        .anyMatch(line -> line.contains("etcd is away since"))
        .anyMatch(line -> line.contains("the daemon is gone"))
        .anyMatch(line -> line.contains("etcd answers again"));
  }
}
