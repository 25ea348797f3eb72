package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What docs/logs.md promises of the log. */
class LogsIT {
  private static final int CONNECTIONS = 40;

  @RegisterExtension final Host host = new Host();

  @Test
  void log_whenJsonIsAskedFor_isAnObjectALineAndNobodyCanFillIt() throws Exception {
    host.configure(
        "log: {level: debug, format: json}",
        "history: {journal: true}",
        "limits: {connections: {uid: 1, all: 16}}");
    DaemonProcess daemon = host.start();
    host.cli("register", "edge.hop", "--size", "2", "--service", "edge").ok();
    String name = "evil\n\u001b[31m{\"event\":\"serving\"}";
    connectAs(name);
    assertThat(daemon.terminate()).isZero();

    List<JsonObject> lines = events(daemon);
    JsonObject change = of(lines, "change").get(0);
    assertThat(change.get("revision").toString()).isEqualTo("1");
    assertThat(change.get("field").getAsString()).isEqualTo("edge.hop");
    assertThat(change.get("uid").toString()).isEqualTo("0");
    JsonObject call =
        of(lines, "call").stream()
            .filter(line -> line.get("method").getAsString().endsWith("/Register"))
            .findFirst()
            .orElseThrow();
    assertThat(call.get("owner").getAsString()).startsWith("edge");
    assertThat(call.get("us").getAsLong()).isPositive();
    List<JsonObject> faults = of(lines, "client_fault");
    assertThat(faults).hasSize(5).allMatch(line -> line.get("program").getAsString().equals(name));
    assertThat(of(lines, "lines_left_out"))
        .anyMatch(line -> line.get("of").getAsString().equals("client_fault"));
    assertThat(of(lines, "serving")).hasSize(1);
    assertThat(of(lines, "stopped")).hasSize(1);
  }

  /** From a process whose executable has this name: more connections than there may be. */
  private void connectAs(String name) throws Exception {
    Path program = host.root().resolve(name);
    // Not by this process: what another thread starts meanwhile would have it open for writing.
    String python = Path.of("/usr/bin/python3").toRealPath().toString();
    Ran.of(host.process(List.of("cp", python, program.toString())), Host.PATIENCE).ok();
    String script =
        "import socket, sys\n"
            + "open = [socket.socket(socket.AF_UNIX) for i in range(%d)]\n".formatted(CONNECTIONS)
            + "for each in open:\n"
            + "  each.connect(sys.argv[1])\n"
            + "  each.send(b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n' + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))\n"
            + "for each in open:\n"
            + "  each.recv(1)\n";
    Ran.of(
            host.process(List.of(program.toString(), "-I", "-c", script, host.socket().toString())),
            Host.PATIENCE)
        .ok();
  }

  private static List<JsonObject> events(DaemonProcess daemon) throws Exception {
    List<JsonObject> lines = new ArrayList<>();
    for (String line : daemon.log().lines().toList()) {
      lines.add(JsonParser.parseString(line).getAsJsonObject());
      assertThat(lines.get(lines.size() - 1).keySet())
          .contains("time", "level", "event", "message");
    }
    return lines;
  }

  private static List<JsonObject> of(List<JsonObject> lines, String event) {
    return lines.stream().filter(line -> line.get("event").getAsString().equals(event)).toList();
  }

  @Test
  void log_whenTheLevelIsChanged_followsAtTheNextReload() throws Exception {
    DaemonProcess daemon = host.start();
    host.cli("status").ok();
    assertThat(daemon.log()).doesNotContain("DEBUG");

    host.configure("log: {level: debug}");
    host.cli("reload").ok();
    host.cli("resolve", "no.such", "--service", "tracer").refuses(3, "no.such");
    assertThat(daemon.log())
        .containsPattern("DEBUG metakey.v1.Registry/Resolve by tracer \\(uid 0, pid \\d+\\): ");

    host.configure("log: {level: error}");
    host.cli("reload").ok();
    int length = daemon.log().length();
    host.cli("status").ok();
    assertThat(daemon.log()).hasSize(length);
  }

  @Test
  void log_whenTheDaemonCannotStart_saysWhyAsAnEvent() throws Exception {
    DaemonProcess first = host.start();
    assertThat(first.serves()).isTrue();
    Ran second = host.runDaemon();
    assertThat(second.exit()).isEqualTo(8);
    assertThat(second.err()).contains(" ERROR metakeyd cannot run: ");
  }
}
