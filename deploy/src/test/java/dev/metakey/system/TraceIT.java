package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code metakey trace} on packets that an XDP program numbers. */
@Order(1)
@LoadedPrograms.LoadedAndSeen
class TraceIT {
  private static final int PACKETS = 5;

  @TempDir static Path built;

  @RegisterExtension final Host host = new Host().seeingPrograms();
  private Lab lab;

  @BeforeAll
  static void compile() throws Exception {
    Requires.bpf();
    CBuild.bpf(
        "clang", Lab.example("xdp-number/number.bpf.c"), built.resolve("number.bpf.o"), "-mcpu=v3");
  }

  private void openLab(String... config) throws Exception {
    Lab.awaitNoneLoaded();
    host.configure(config);
    host.start();
    lab = Lab.open(host);
    lab.run(Lab.example("lab.sh") + " up").ok();
  }

  private void number() throws Exception {
    Path linked = host.root().resolve("linked.bpf.o");
    host.link(built.resolve("number.bpf.o"), linked);
    lab.run("ip link set dev mk0 xdp obj %s sec xdp".formatted(linked)).ok();
  }

  private void send() throws Exception {
    lab.run(Lab.example("lab.sh") + " send " + PACKETS).ok();
  }

  private Path said(String name) {
    return host.root().resolve(name + ".err");
  }

  /** Starts a trace in the lab, and waits until it has said something. */
  private Process trace(String name, String words, String says) throws Exception {
    Process trace =
        lab.process(host.image().bin("metakey") + " trace " + words)
            .redirectOutput(host.root().resolve(name).toFile())
            .redirectError(said(name).toFile())
            .start();
    host.closeLater(() -> trace.destroyForcibly().waitFor());
    Host.await(name + " says " + says, () -> Files.readString(said(name)).contains(says));
    return trace;
  }

  private List<String> output(String name) throws Exception {
    return Files.readAllLines(host.root().resolve(name));
  }

  private static List<String> numbers(int from, int to) {
    return IntStream.rangeClosed(from, to).mapToObj(n -> "edge.packet_id=" + n).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void trace_whenStartedBeforeTheName_waitsAndShowsEveryPacket(String layout) throws Exception {
    openLab("layout: " + layout);
    Process trace = trace("early", "edge.packet_id -n " + PACKETS, "waiting:");
    number();
    Host.await("it traces", () -> Files.readString(said("early")).contains("tracing"));
    send();

    assertThat(trace.waitFor()).isZero();
    List<String> lines = output("early");
    assertThat(lines).hasSize(1 + PACKETS);
    for (String line : lines.subList(1, lines.size())) {
      assertThat(line).containsPattern("^\\d\\d:\\d\\d:\\d\\d\\.\\d{6}  receive   mk0 +30 ");
    }
    assertThat(lines.stream().skip(1).map(line -> line.replaceAll(".* ", "")))
        .containsExactlyElementsOf(numbers(1, PACKETS));
  }

  @Test
  void trace_whenAskedForDrops_hasTheKernelsReason() throws Exception {
    openLab();
    number();
    Process trace = trace("drops", "edge.packet_id --at drop -o jsonl -n " + PACKETS, "tracing");
    send();

    assertThat(trace.waitFor()).isZero();
    assertThat(output("drops"))
        .hasSize(PACKETS)
        .allMatch(line -> line.contains("\"at\":\"drop\",\"drop_reason\":\"NO_SOCKET\""));
  }

  @Test
  void trace_whenADeviceIsNamed_showsNoOther() throws Exception {
    openLab();
    number();
    Process other = trace("other", "edge.packet_id --dev mk2", "tracing");
    Process own = trace("own", "edge.packet_id --dev mk0 -n " + PACKETS, "tracing");
    send();

    assertThat(own.waitFor()).isZero();
    assertThat(output("own")).hasSize(1 + PACKETS);
    other.destroy();
    other.waitFor();
    assertThat(output("other")).isEmpty();
  }

  @Test
  void trace_whenItIsEndedByASignal_leavesNoProgramBehind() throws Exception {
    openLab();
    number();
    Process trace = trace("ended", "edge.packet_id", "tracing");
    trace.descendants().forEach(ProcessHandle::destroy);
    trace.waitFor();
    Host.await(
        "bpftool shows no program of a trace",
        () -> !lab.run("bpftool prog list").ok().out().contains("trace_receive"));
  }

  @Test
  void trace_whenTheUserMayNot_saysWhoMay() throws Exception {
    openLab();
    number();

    host.cliAsNobody("trace", "edge.packet_id")
        .refuses(5, "packets cannot be traced", "root", "CAP_BPF");
  }

  @Test
  void trace_whenTheFieldIsTheHardwares_isRefused() throws Exception {
    openLab();

    host.cli("trace", "kernel.rx_hash").refuses(2, "never in front of a packet");
  }
}
