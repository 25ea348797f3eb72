package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Prometheus' own tool takes our metrics and our alerts. */
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

  private String get(String target) throws Exception {
    Path socket = host.run().resolve("metrics.sock");
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      String request = "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n".formatted(target);
      channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
      byte[] answer = Channels.newInputStream(channel).readAllBytes();
      return new String(answer, StandardCharsets.UTF_8).split("\r\n\r\n", 2)[1];
    }
  }

  @Test
  void metrics_keepTheConventions() throws Exception {
    host.configure("metrics:", "  listen: unix:" + host.run().resolve("metrics.sock"), "policy:");
    host.start();
    host.cli("register", "edge.packet_id:8").ok();
    host.cli("resolve", "edge.nothing");
    Path metrics = host.root().resolve("metrics");
    Files.writeString(metrics, get("/metrics"));

    List<String> check =
        List.of("sh", "-c", Requires.promtool().get(0) + " check metrics < " + metrics);
    Ran checked = Ran.of(host.process(check), Host.PATIENCE).ok();

    assertThat(checked.out() + checked.err()).isEmpty();
    assertThat(get("/readyz?verbose")).contains("[+]commit ok\n").endsWith("readyz check passed\n");
  }

  @Test
  void daemon_whenNoMetricsAreWanted_loadsNothingOfThem() throws Exception {
    Path log = host.root().resolve("classes");
    host.set("METAKEY_JAVA_OPTS", "-Xlog:class+load:file=" + log);
    host.start();

    assertThat(Files.readString(log))
        .contains(" dev.metakey.server.Daemon ")
        .doesNotContain(
            " io.prometheus.",
            " dev.metakey.server.metrics.",
            " dev.metakey.server.Monitor ",
            ".transport.Http",
            ".codec.http.");
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
