package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Scripts of {@code metakey gen bpftrace}, run by bpftrace on packets of {@code
 * src/test/bpf/gen.bpf.c}.
 */
@Order(1)
@LoadedPrograms.LoadedAndSeen
class GenIT {
  private static final List<String> FIELDS =
      List.of(
          "gen.absent:8 dec",
          "gen.dec:8 dec",
          "gen.hex:4 hex",
          "gen.ip:4 ipv4",
          "gen.mac:8 mac",
          "gen.ns:2 ns",
          "gen.flag:2 bool");

  private static final String[] VALUES = {
    "gen.dec=42",
    "gen.dec=18446744073709551615",
    "gen.hex=0x000000ff",
    "gen.ip=10.98.0.1",
    "gen.mac=02:00:00:00:00:f0",
    "gen.ns=65535 ns",
    "gen.flag=true",
  };

  private static final String LINE =
      "\\d\\d:\\d\\d:\\d\\d\\.\\d{6} mk0             0xffff[0-9a-f]{12} ";

  private static final Pattern MARK = Pattern.compile("== 0x[0-9a-f]{8}");

  @TempDir static Path built;

  @RegisterExtension final Host host = new Host().seeingPrograms();
  private Lab lab;

  @BeforeAll
  static void compile() throws Exception {
    Requires.bpf();
    Requires.program("bpftrace");
    CBuild.bpf("clang", CBuild.source("gen.bpf.c"), built.resolve("gen.bpf.o"), "-mcpu=v3");
  }

  private void startAndRegister(String layout) throws Exception {
    Lab.awaitNoneLoaded();
    host.configure("layout: " + layout, "policy:");
    host.start();
    for (String field : FIELDS) {
      String[] words = field.split(" ", -1);
      host.cli("register", words[0], "--format", words[1], "--service", "metakey").ok();
    }
  }

  private void openLab() throws Exception {
    Path linked = host.root().resolve("linked.bpf.o");
    host.link(built.resolve("gen.bpf.o"), linked);
    lab = Lab.open(host);
    lab.run(Lab.example("lab.sh") + " up && mount -t tracefs tracefs /sys/kernel/tracing").ok();
    lab.run("ip link set dev mk0 xdp obj %s sec xdp".formatted(linked)).ok();
  }

  private Path generate() throws Exception {
    Path script = host.root().resolve("values.bt");
    String names = FIELDS.stream().map(f -> f.split(":", -1)[0]).collect(Collectors.joining(" "));
    host.program(("gen bpftrace " + names + " -o " + script).split(" ")).ok();
    return script;
  }

  /**
   * The same script, but it takes areas with the tag of the program's forged ones for this host's.
   */
  private Path believingTheForger(Path script) throws Exception {
    Iterator<String> forged = List.of("== 0x44332211", "== 0x00006655").iterator();
    String text = MARK.matcher(Files.readString(script)).replaceAll(mark -> forged.next());
    return Files.writeString(host.root().resolve("forger.bt"), text);
  }

  /** Starts bpftrace. Nothing tells when it is ready but the first packet that it shows. */
  private Path trace(Path script) throws Exception {
    Path shown = host.root().resolve(script.getFileName() + ".out");
    Process trace =
        lab.process("exec bpftrace " + script)
            .redirectErrorStream(true)
            .redirectOutput(shown.toFile())
            .start();
    host.closeLater(() -> trace.destroyForcibly().waitFor());
    return shown;
  }

  /** On one CPU, so that bpftrace shows them in the order in which they are sent. */
  private void send(int... ports) throws Exception {
    for (int port : ports) {
      lab.run(
              "ip netns exec mk-peer taskset -c 0 bash -c 'echo x > /dev/udp/10.98.0.1/%d'"
                  .formatted(port))
          .ok();
    }
  }

  private static List<String> values(Path shown) throws Exception {
    return Files.readAllLines(shown).stream()
        .filter(line -> line.contains(" gen."))
        .map(line -> line.replaceFirst("^" + LINE, ""))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void bpftrace_whenPacketsCarryValues_showsThemAndNoForgedOnes(String layout) throws Exception {
    startAndRegister(layout);
    openLab();
    Path script = generate();
    Path own = trace(script);
    Path forger = trace(believingTheForger(script));

    Host.await(
        "both scripts show packets",
        () -> {
          send(10, 9);
          return !values(own).isEmpty() && !values(forger).isEmpty();
        });
    send(10, 11);
    Host.await("the last packet is shown", () -> values(own).contains("gen.dec=42"));

    assertThat(values(own).stream().distinct()).containsExactlyInAnyOrder(VALUES);
    assertThat(values(forger).stream().distinct())
        .containsExactlyInAnyOrder(
            "gen.absent=0",
            "gen.dec=0",
            "gen.hex=0x00000000",
            "gen.ip=0.0.0.0",
            "gen.mac=00:00:00:00:00:00",
            "gen.ns=0 ns",
            "gen.flag=false");
  }

  @Test
  void bpftrace_whenWritten_isForItsOwnerAloneAndMadeOnlyByWhoMayLink() throws Exception {
    startAndRegister("slotted");
    Path script = generate();

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(script)))
        .isEqualTo("rw-------");
    host.cliAsNobody("gen", "bpftrace", "gen.dec").refuses(5, "group 'metakey'");
    host.cliAsNobody("gen", "pwru", "gen.dec").ok();
  }
}
