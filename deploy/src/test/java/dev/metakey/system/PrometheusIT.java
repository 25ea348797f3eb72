package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Prometheus' own tool takes our alerts. */
class PrometheusIT {
  private static final Path ALERTS =
      Path.of("src/image/share/metakey/prometheus/alerts.yaml").toAbsolutePath();
  private static final Path TESTS =
      Path.of("src/test/prometheus/alerts_test.yaml").toAbsolutePath();

  @RegisterExtension final Host host = new Host();

  private Ran promtool(String... words) throws Exception {
    List<String> command = Requires.promtool();
    command.addAll(List.of(words));
    return Ran.of(host.process(command), Host.PATIENCE);
  }

  @Test
  void alerts_fireWhenTheyShould() throws Exception {
    Path directory = Files.createDirectory(host.root().resolve("rules"));
    Files.copy(ALERTS, directory.resolve("alerts.yaml"));
    Files.copy(TESTS, directory.resolve("alerts_test.yaml"));

    promtool("test", "rules", directory.resolve("alerts_test.yaml").toString()).ok();

    String tests = Files.readString(TESTS);
    List<String> alerts =
        Pattern.compile("alert: (\\w+)")
            .matcher(Files.readString(ALERTS))
            .results()
            .map((MatchResult found) -> found.group(1))
            .toList();
    assertThat(alerts).isNotEmpty().allSatisfy(alert -> assertThat(tests).contains(alert));
  }
}
