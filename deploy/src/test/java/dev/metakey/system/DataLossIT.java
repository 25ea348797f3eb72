package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The data is gone, and services go on. */
class DataLossIT {
  @RegisterExtension final Host host = new Host();

  private Ran register(String name, String service) throws Exception {
    return host.cli("register", name, "--size", "8", "--service", service);
  }

  @Test
  void data_whenAllOfItIsLostUnderTheDaemon_isRecoveredWithItsOwners() throws Exception {
    DaemonProcess daemon = host.start();
    register("edge.packet_id", "edge").ok();
    register("flow.id", "flow").ok();
    host.connect().awaitPublished();
    String fields = host.cli("list", "-o", "jsonl").ok().out();
    Host.delete(host.data());

    register("new.name", "edge").refuses(8, "removed", "--recover-from");
    register("edge.packet_id", "edge").ok();
    assertThat(host.cli("status").out()).contains("changes are refused", "was removed");
    daemon.kill();

    daemon = host.start();
    assertThat(host.cli("status").out()).contains("read-only", "--recover-from " + host.run());
    register("edge.packet_id", "edge").ok();
    register("flow.id", "stranger").refuses(4, "flow.id", "flow (uid 0)");
    register("new.name", "edge").refuses(7, "--recover-from");
    assertThat(daemon.terminate()).isZero();

    host.start("--recover-from", host.run().toString());
    assertThat(host.cli("list", "-o", "jsonl").ok().out().lines().map(DataLossIT::withoutTimes))
        .containsExactlyElementsOf(fields.lines().map(DataLossIT::withoutTimes).toList());
    register("edge.packet_id", "edge").ok();
    register("flow.id", "stranger").refuses(4, "flow.id");
    register("new.name", "edge").ok();
    assertThat(host.cli("id", "new.name").ok().out().strip()).isEqualTo("2");
    assertThat(host.cli("status").out()).contains("was recovered");
    Files.delete(host.data().resolve("recovery-report"));
    host.cli("status").ok();
  }

  /** No source but the database has the time when a field was registered. */
  private static String withoutTimes(String json) {
    return json.replaceAll("\"(created|at|at_ms|time)\":(\\{[^}]*\\}|\"[^\"]*\"|\\d+)", "");
  }

  @Test
  void daemon_whenItHasDataOfItsOwnAndIsPointedAtAnothersRun_touchesNothingThere()
      throws Exception {
    DaemonProcess first = host.start();
    register("edge.packet_id", "edge").ok();
    host.connect().awaitPublished();
    assertSecondTouchesNothing();
    first.kill();
    assertSecondTouchesNothing();
    host.start();
    assertThat(host.cli("id", "edge.packet_id").ok().out().strip()).isEqualTo("0");
    host.cli("status").ok();
  }

  private void assertSecondTouchesNothing() throws Exception {
    Path socket = host.root().resolve("second.sock");
    Map<String, String> before = published();
    try (DaemonProcess second =
        new DaemonProcess(
            host.daemonCommand(
                "--data", host.root().resolve("second").toString(), "--socket", socket.toString()),
            socket,
            host.root().resolve("second.log"))) {
      second.awaitServing();
      host.cli("--socket", socket.toString(), "register", "x", "--size", "2")
          .refuses(7, "--recover-from", "--run");
      assertThat(host.cli("--socket", socket.toString(), "id", "edge.packet_id").ok().out().strip())
          .isEqualTo("0");
    }
    assertThat(published()).isEqualTo(before);
  }

  private Map<String, String> published() throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> files = Files.list(host.run())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        found.put(
            file.toString(),
            Arrays.hashCode(Files.readAllBytes(file)) + " " + Files.getAttribute(file, "unix:ino"));
      }
    }
    return found;
  }
}
