package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.client.MetakeyClient;
import dev.metakey.model.FieldSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
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

  @Test
  void others_whenAUserConnectsTooOften_areServed() throws Exception {
    for (int i = 0; i < TIMES; i++) {
      try (MetakeyClient client = client()) {
        assertThat(client.list().stale()).isFalse();
        client.register(FieldSpec.of("edge.n" + i % 10, 2));
      }
      assertThat(told.readLine()).as("the flooder goes on").isNotNull();
    }
    assertThat(host.program("list").ok().err()).doesNotContain("stale");
  }

  /** It tries once, and nobody tells it that the daemon is away. */
  @Test
  void other_whenTheQueueIsFull_waitsUntilItHasAPlace() throws Exception {
    daemon.signal("STOP");
    CompletableFuture<Boolean> stale = new CompletableFuture<>();
    Thread other = new Thread(() -> stale.completeAsync(this::isStale, Runnable::run));
    try {
      Host.await("the daemon stands still", () -> daemon.state().equals("T"));
      Host.await("no more connections are kept", () -> !hasRoom());
      other.start();
      Host.await(
          "the other has tried, and pauses",
          () ->
              stale.isDone()
                  || Arrays.stream(other.getStackTrace())
                      .anyMatch(call -> call.getMethodName().equals("pause")));
      assertThat(stale).isNotDone();
    } finally {
      daemon.signal("CONT");
    }
    assertThat(stale.get()).isFalse();
  }

  private boolean hasRoom() throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.configureBlocking(false);
      return channel.connect(UnixDomainSocketAddress.of(host.socket()));
    } catch (SocketException full) {
      return false;
    }
  }

  private boolean isStale() {
    try (MetakeyClient client = client()) {
      return client.list().stale();
    }
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
