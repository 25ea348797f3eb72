package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Prometheus takes our metrics and alerts, and answers what our dashboard asks. */
class PrometheusIT {
  private static final Path ALERTS =
      Path.of("src/image/share/metakey/prometheus/alerts.yaml").toAbsolutePath();
  private static final Path TESTS =
      Path.of("src/test/prometheus/alerts_test.yaml").toAbsolutePath();

  private static final Path DASHBOARD =
      Path.of("src/image/share/metakey/grafana/metakeyd.json").toAbsolutePath();

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
    host.configure("metrics:", "  listen: unix:" + host.run().resolve("metrics.sock"));
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
            " dev.metakey.server.page.",
            " dev.metakey.server.Monitor ",
            ".transport.Http");
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

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static String ask(int port, String query) throws Exception {
    String encoded = URLEncoder.encode(query, StandardCharsets.UTF_8);
    URI uri = URI.create("http://127.0.0.1:%d/api/v1/query?query=%s".formatted(port, encoded));
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as("%s: %s", query, answer.body()).isEqualTo(200);
    return answer.body();
  }

  /** Asks until there is an answer with values. */
  private static void awaitValues(int port, String query) throws Exception {
    long untilNs = System.nanoTime() + Host.PATIENCE.toNanos();
    String answer = "none";
    while (System.nanoTime() < untilNs) {
      try {
        answer = ask(port, query);
        if (!answer.contains("\"result\":[]")) {
          return;
        }
      } catch (ConnectException notYet) {
        answer = notYet.toString();
      }
      Thread.sleep(200);
    }
    throw new AssertionError("no values for %s: %s".formatted(query, answer));
  }

  @Test
  void dashboard_asksForNothingThatIsNotThere() throws Exception {
    String prometheus = Requires.promtool().get(0).replaceFirst("promtool$", "prometheus");
    int metrics = freePort();
    int port = freePort();
    host.use(host.image().copyTo(host.root().resolve("image"))); // for the call that is denied
    host.configure("metrics:", "  listen: 127.0.0.1:" + metrics, "policy:");
    host.start();
    Path config = host.root().resolve("prometheus.yml");
    Files.writeString(
        config,
        "{global: {scrape_interval: 1s}, scrape_configs: [{job_name: metakey, static_configs: [{targets: ['127.0.0.1:%d']}]}]}"
            .formatted(metrics));
    Process server =
        host.process(
                List.of(
                    prometheus,
                    "--config.file=" + config,
                    "--storage.tsdb.path=" + host.root().resolve("tsdb"),
                    "--web.listen-address=127.0.0.1:" + port))
            .redirectErrorStream(true)
            .redirectOutput(host.root().resolve("prometheus.log").toFile())
            .start();
    try {
      awaitValues(port, "metakey_revision");
      host.cli("register", "edge.packet_id:8").ok();
      host.cli("resolve", "edge.nothing");
      host.cliAsNobody("register", "nobodys.own:8");

      String instance = "127.0.0.1:" + metrics;
      for (String query : queries()) {
        awaitValues(
            port,
            query
                .replace("$__rate_interval", "5m")
                .replace("$job", "metakey")
                .replace("$instance", instance));
      }
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  private static List<String> queries() throws IOException {
    List<String> queries = new ArrayList<>();
    JsonObject dashboard = JsonParser.parseString(Files.readString(DASHBOARD)).getAsJsonObject();
    for (JsonElement panel : dashboard.getAsJsonArray("panels")) {
      for (JsonElement target : panel.getAsJsonObject().getAsJsonArray("targets")) {
        queries.add(target.getAsJsonObject().get("expr").getAsString());
      }
    }
    return queries;
  }
}
