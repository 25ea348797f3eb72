package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.client.MetakeyClient;
import dev.metakey.model.FieldSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Another user opens connections and closes them at once, as fast as it can. */
class ConnectFloodIT {
  /** So many times the flooder says something meanwhile: once in a thousand connections. */
  private static final int TIMES = 20;

  @RegisterExtension final Host host = new Host();

  private DaemonProcess daemon;
  private Process flooder;
  private BufferedReader told;

  @BeforeEach
  void start() throws Exception {
    daemon = host.start();
    host.cli("register", "edge.packet_id:8").ok();
    flooder = ConnectingAgain.asNobody(host.socket()).start();
    told = flooder.inputReader();
  }

  @AfterEach
  void stop() throws Exception {
    flooder.destroyForcibly().waitFor();
  }

  @Test
  void user_whenItConnectsTooOften_isRefusedAndToldWhy() throws Exception {
    awaitRefusal();

    assertThat(host.program("status", "-o", "json").ok().out())
        .containsPattern("\"connections_a_second\"[^}]*\"refused\": [1-9]");
    assertThat(daemon.log()).contains("connection refused: uid 65534 has opened ");
  }

  /** It is among the first that the flooder hears, but for what was let in at once. */
  private void awaitRefusal() throws IOException {
    String said = "";
    for (int i = 0; i < TIMES && !said.contains("uid 65534 has opened "); i++) {
      said = told.readLine();
    }
    assertThat(said)
        .contains(
            "uid 65534 has opened ",
            "512 a second",
            "keep one open for many calls",
            "or try again in ");
  }

  /** Each tries once: it may wait for its turn, and nobody tells it that the daemon is away. */
  @Test
  void others_whenAUserConnectsTooOften_areServed() throws Exception {
    awaitRefusal();
    for (int i = 0; i < TIMES; i++) {
      try (MetakeyClient client = client()) {
        assertThat(client.list().stale()).isFalse();
        client.register(FieldSpec.of("edge.n" + i % 10, 2));
      }
      assertThat(told.readLine()).as("the flooder goes on").isNotNull();
    }
    assertThat(host.program("list").ok().err()).isEmpty();
  }

  private MetakeyClient client() {
    return MetakeyClient.builder()
        .socket(host.socket())
        .service("edge")
        .connectTimeout(Duration.ZERO)
        .callTimeout(Host.PATIENCE)
        .connect();
  }
}
