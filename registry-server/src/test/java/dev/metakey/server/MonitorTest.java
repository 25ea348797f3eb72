package dev.metakey.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.client.MetakeyClient;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.server.config.Config;
import dev.metakey.server.config.Read;
import dev.metakey.server.engine.FakePrograms;
import dev.metakey.server.log.LogSettings;
import dev.metakey.server.transport.Http;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Scanner;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a running daemon shows over HTTP. */
@Timeout(60)
class MonitorTest {
  @TempDir private Path directory;
  private Config.Page page = Config.Page.OFF;
  private @Nullable Daemon daemon;

  private void start(String... faults) throws Exception {
    Config config =
        new Config(
                new Config.Paths(
                    directory.resolve("m.sock"),
                    directory.resolve("data"),
                    directory.resolve("run"),
                    "none",
                    directory.resolve("keys.d")),
                Layout.SLOTTED,
                128,
                600_000,
                new Config.History(1000, 1),
                Config.Publish.ALL)
            .withMonitoring(
                new Config.Monitoring(Optional.of(metrics()), page, LogSettings.DEFAULTS));
    daemon =
        new Daemon(
            new Read<>(config, List.of(faults)),
            new FakePrograms(),
            Read.sound(List.of()),
            false,
            null);
  }

  private UnixDomainSocketAddress metrics() {
    return UnixDomainSocketAddress.of(directory.resolve("metrics.sock"));
  }

  @AfterEach
  void stop() throws Exception {
    if (daemon != null) {
      daemon.close();
    }
  }

  private MetakeyClient client() {
    return MetakeyClient.builder().socket(directory.resolve("m.sock")).service("edge").connect();
  }

  private String get(String target) throws Exception {
    return Http.get(metrics(), target);
  }

  @Test
  void healthPages_whenAllIsWell_sayOk() throws Exception {
    start();

    assertThat(get("/livez")).startsWith("HTTP/1.1 200 ").endsWith("\r\n\r\nok\n");
    assertThat(get("/readyz")).startsWith("HTTP/1.1 200 ").endsWith("\r\n\r\nok\n");
    assertThat(get("/livez?verbose"))
        .endsWith(
            """
            [+]writer ok
            [+]programs ok
            [+]publisher ok
            [+]connections ok
            livez check passed
            """);
    assertThat(get("/readyz?verbose=1"))
        .contains("\n[+]commit ok\n[+]read-write ok\n[+]writer ok\n")
        .endsWith("readyz check passed\n");
  }

  @Test
  void readyz_whenNothingCanBeChanged_failsAndSaysWhy() throws Exception {
    start("metakeyd.yaml:3: something is wrong");

    assertThat(get("/livez")).startsWith("HTTP/1.1 200 ");
    assertThat(get("/readyz"))
        .startsWith("HTTP/1.1 503 ")
        .contains("[+]commit ok\n[-]read-write failed: metakeyd.yaml:3: something is wrong")
        .endsWith("readyz check failed\n");
    assertThat(get("/metrics")).contains("\nmetakey_changes_possible 0.0\n");
  }

  @Test
  void metrics_tellWhatIsThere() throws Exception {
    start();
    try (MetakeyClient client = client()) {
      client.register(FieldSpec.of("edge.hop", 2), FieldSpec.of("edge.zone", 4));
      client.release("edge.zone");
      assertThatThrownBy(() -> client.resolve("edge.nothing")).isInstanceOf(MetakeyException.class);
      String owner = client.resolve("edge.hop").value().get(0).owners().get(0).word();

      assertThat(get("/metrics"))
          .contains("\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n")
          .contains("\nmetakey_changes_possible 1.0\n")
          .contains("\nmetakey_ids{state=\"active\"} 1.0\n")
          .contains("\nmetakey_ids{state=\"retired\"} 1.0\n")
          .contains("\nmetakey_ids{state=\"free\"} 62.0\n")
          .contains("\nmetakey_slot_bytes{state=\"used\"} 6.0\n")
          .contains("\nmetakey_slot_bytes{state=\"free\"} 106.0\n")
          .contains("\nmetakey_owner_ids{owner=\"" + owner + "\"} 2.0\n")
          .contains(
              "\nmetakey_requests_total{method=\"metakey.v1.Registry/Register\",result=\"OK\"} 1.0\n")
          .contains(
              "\nmetakey_requests_total{method=\"metakey.v1.Registry/Resolve\",result=\"NOT_FOUND\"} 1.0\n")
          .containsPattern("\nmetakey_queue_wait_seconds_count [2-9]\n")
          .containsPattern("\nmetakey_commit_duration_seconds_count [2-9]\n")
          .containsPattern("\nmetakey_sync_duration_seconds_count [2-9]\n")
          .contains("\nmetakey_watch_lag_revisions 0.0\n")
          .contains(
              "\nmetakey_request_duration_seconds_count{method=\"metakey.v1.Registry/Register\"} 1\n");
    }
  }

  @Test
  void page_whenNobodyWantsOne_isNotThere() throws Exception {
    start();

    assertThat(get("/")).startsWith("HTTP/1.1 404 ");
    assertThat(get("/api/state")).startsWith("HTTP/1.1 404 ");
  }

  @Test
  void page_whenItIsWanted_tellsOfWhatIsRegistered() throws Exception {
    page = Config.Page.PUBLIC;
    start();

    assertThat(get("/")).startsWith("HTTP/1.1 200 ").contains("<title>metakey</title>");
    try (MetakeyClient client = client();
        SocketChannel events = SocketChannel.open(metrics())) {
      events.write(ByteBuffer.wrap("GET /api/events HTTP/1.1\r\n\r\n".getBytes(UTF_8)));
      Scanner told = new Scanner(events, UTF_8).useDelimiter("\n\n");
      assertThat(told.findWithinHorizon("event: state\ndata: .*\n", 0)).doesNotContain("edge.hop");

      client.register(FieldSpec.of("edge.hop", 2));
      assertThat(told.findWithinHorizon("event: state\ndata: .*\n", 0)).contains("edge.hop");
    }
  }

  @Test
  void status_whenMetricsCannotBeServed_saysSo() throws Exception {
    Files.writeString(metrics().getPath(), "somebody's");
    start();

    try (MetakeyClient client = client()) {
      assertThat(client.status().value().problems())
          .singleElement()
          .asString()
          .startsWith("metrics cannot be served at unix:" + metrics())
          .contains("something that is not a socket is in the way");
    }
  }
}
