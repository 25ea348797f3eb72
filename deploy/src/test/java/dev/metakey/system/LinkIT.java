package dev.metakey.system;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.layout.TagStruct;
import dev.metakey.model.Tag;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code metakey link} with objects that real compilers made, for real loaders. */
@LoadedPrograms.Seen
class LinkIT {
  private static final int MAGIC = 0x43524b4d;
  private static final String TWO_FIELDS =
      record("hop", "PRODUCES", 2, "edge.hop") + record("flow", "CONSUMES", 8, "edge.flow");

  @RegisterExtension final Host host = new Host().seeingPrograms();

  @BeforeEach
  void needs() throws Exception {
    Requires.clang();
    Requires.claimedServices();
  }

  private static String record(String variable, String role, int size, String name) {
    return """
        const volatile struct metakey_record %s __attribute__((section(METAKEY_SECTION), used)) = {
            METAKEY_RECORD_MAGIC, METAKEY_RECORD_VERSION, METAKEY_ROLE_%s, %d, 0, "%s" };
        """
        .formatted(variable, role, size, name);
  }

  /** An XDP program that drops everything until it is linked, as before that both ids are 0. */
  private Path compile(String compiler, String target, String records) throws Exception {
    Path source = host.root().resolve("prog.bpf.c");
    Path object = host.root().resolve("prog.bpf.o");
    Files.writeString(
        source,
        """
        #include <linux/bpf.h>
        #include "metakey/metakey.h"
        """
            + records
            + """
            __attribute__((section("xdp"), used)) int prog(struct xdp_md *ctx)
            { return hop.id == flow.id ? XDP_DROP : XDP_PASS; }
            char license_text[] __attribute__((section("license"), used)) = "GPL";
            """);
    List<String> command = new ArrayList<>(List.of(compiler, "-O2", "-g", "-target", target));
    command.add("-I" + host.image().root().resolve("include"));
    command.add(
        "-I/usr/include/"
            + System.getProperty("os.arch").replace("amd64", "x86_64")
            + "-linux-gnu");
    command.addAll(List.of("-c", source.toString(), "-o", object.toString()));
    run(command).ok();
    return object;
  }

  private Path compile(String records) throws Exception {
    return compile("clang", "bpfel", records);
  }

  private Ran run(List<String> command) throws Exception {
    return Ran.of(host.process(command), Host.PATIENCE);
  }

  private Ran run(String... command) throws Exception {
    return run(List.of(command));
  }

  static Stream<List<String>> compilers() {
    return Stream.of("clang", "clang-14", "clang-19")
        .filter(Requires::isInstalled)
        .flatMap(compiler -> Stream.of(List.of(compiler, "bpfel"), List.of(compiler, "bpfeb")));
  }

  @ParameterizedTest
  @MethodSource("compilers")
  void link_whenAnyCompilerMadeIt_fillsInTheRecordsAndNothingElse(List<String> how)
      throws Exception {
    host.start();
    host.cli("register", "edge.flow:8", "--service", "edge").ok();
    Path object = compile(how.get(0), how.get(1), TWO_FIELDS);
    byte[] before = Files.readAllBytes(object);

    Ran ran = host.cli("link", "prog.bpf.o", "-o", "linked.o", "--form", "jsonl").ok();

    assertThat(ran.out())
        .contains("\"name\":\"edge.hop\",\"size\":2,\"role\":\"produces\",\"outcome\":\"created\"")
        .contains(
            "\"name\":\"edge.flow\",\"size\":8,\"role\":\"consumes\",\"outcome\":\"resolved\"");
    byte[] after = Files.readAllBytes(host.root().resolve("linked.o"));
    int hop = find(before, "edge.hop\0");
    int flow = find(before, "edge.flow\0");
    for (int start : new int[] {hop, flow}) {
      // Checks what linking wrote, and puts the old bytes back, to compare the rest of the file.
      ByteOrder order = how.get(1).equals("bpfeb") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
      ByteBuffer linked = ByteBuffer.wrap(after).order(order);
      assertThat(linked.get(start + 93)).as("id").isEqualTo((byte) (start == hop ? 1 : 0));
      assertThat(linked.get(start + 92)).as("slot").isEqualTo((byte) (start == hop ? 26 : 24));
      assertThat(Tag.get(linked, start + 64)).as("tag").isEqualTo(tag());
      assertThat(linked.getInt(start + 88)).as("generation").isEqualTo(1);
      System.arraycopy(before, start + 64, after, start + 64, 32);
    }
    assertThat(after).isEqualTo(before);
  }

  private Tag tag() throws IOException {
    return TagStruct.read(host.run().resolve("tag")).tag();
  }

  /** Where the name of a record starts. */
  private static int find(byte[] bytes, String text) {
    byte[] wanted = text.getBytes(US_ASCII);
    for (int at = 8; at <= bytes.length - 96; at++) {
      int magic = ByteBuffer.wrap(bytes).getInt(at - 8);
      boolean record = magic == MAGIC || magic == Integer.reverseBytes(MAGIC);
      if (record && Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
        return at;
      }
    }
    throw new AssertionError("no record of " + text);
  }

  @Test
  void link_whenRepeated_givesTheSameBytes() throws Exception {
    host.start();
    host.cli("register", "edge.flow:8", "--service", "edge").ok();
    compile(TWO_FIELDS);

    host.cli("link", "prog.bpf.o", "-o", "linked.o").ok();
    byte[] first = Files.readAllBytes(host.root().resolve("linked.o"));
    host.cli("link", "linked.o", "-o", "linked.o").ok();

    assertThat(host.root().resolve("linked.o")).hasBinaryContent(first);
  }

  @Test
  void link_whenTheFieldsAttributesAreRegistered_keepsThem() throws Exception {
    host.start();
    host.cli("register", "edge.flow:8", "--service", "edge").ok();
    host.cli("register", "edge.hop:2", "--merge", "block", "--format", "hex").ok();
    compile(TWO_FIELDS);

    host.cli("link", "prog.bpf.o", "-o", "linked.o").ok();

    assertThat(host.cli("show", "edge.hop").ok().out()).contains("block", "hex");
  }

  @Test
  void link_whenConsumedIsMissing_registersNothing() throws Exception {
    host.start();
    compile(TWO_FIELDS);

    host.cli("link", "prog.bpf.o", "-o", "linked.o").refuses(3, "edge.flow", "--wait");
    host.cli("link", "prog.bpf.o", "-o", "linked.o", "--wait", "3s").refuses(9, "edge.flow");

    assertThat(host.root().resolve("linked.o")).doesNotExist();
  }

  @Test
  void link_whenAnotherServiceHasTheField_isRefusedUnlessBothShare() throws Exception {
    host.start();
    host.cli("register", "edge.flow:8", "--service", "edge").ok();
    compile(TWO_FIELDS);
    String[] first = {"link", "prog.bpf.o", "-o", "one.o", "--service", "one", "--shared"};
    host.cli(first).ok();

    host.cli("link", "prog.bpf.o", "-o", "two.o", "--service", "two").refuses(4, "edge.hop");
    assertThat(host.root().resolve("two.o")).doesNotExist();
    host.cli("link", "prog.bpf.o", "-o", "two.o", "--service", "two", "--shared").ok();

    assertThat(host.root().resolve("two.o"))
        .hasBinaryContent(Files.readAllBytes(host.root().resolve("one.o")));
  }

  @Test
  void link_whenNoIdIsLeft_isRefused() throws Exception {
    host.configure("layout: packed");
    host.start();
    List<String> all = new ArrayList<>(List.of("register", "edge.flow:8", "--service", "edge"));
    for (int i = 1; i < 64; i++) {
      all.add("full.n" + i + ":2");
    }
    host.cli(all.toArray(String[]::new)).ok();
    compile(TWO_FIELDS);

    host.cli("link", "prog.bpf.o", "-o", "linked.o").refuses(6, "edge.hop");
    assertThat(host.root().resolve("linked.o")).doesNotExist();
  }

  @Test
  void link_whenNoSlotIsLeft_isRefused() throws Exception {
    host.configure("area: 24");
    host.start();
    host.cli("register", "edge.flow:8", "--service", "edge").ok();
    compile(TWO_FIELDS);

    host.cli("link", "prog.bpf.o", "-o", "linked.o").refuses(6, "edge.hop");
  }

  @Test
  void link_whenTheDaemonIsGone_isRefusedAlthoughTheFileAnswers() throws Exception {
    DaemonProcess daemon = host.start();
    host.cli("register", "edge.flow:8", "edge.hop:2").ok();
    daemon.kill();
    compile(TWO_FIELDS);

    host.cli("link", "prog.bpf.o", "-o", "linked.o", "--timeout", "200ms").refuses(8, "daemon");
    assertThat(host.root().resolve("linked.o")).doesNotExist();
  }

  @Test
  void link_whenTheObjectHas20Megabytes_takesIt() throws Exception {
    host.start();
    host.cli("register", "edge.flow:8", "--service", "edge").ok();
    Path object = compile(TWO_FIELDS + "char large[20 << 20] = { 1 };\n");
    assertThat(Files.size(object)).isGreaterThan(20 << 20);

    host.cli("link", "prog.bpf.o", "-o", "linked.o").ok();

    assertThat(Files.size(host.root().resolve("linked.o"))).isEqualTo(Files.size(object));
  }

  @Test
  void link_whenItIsNoObject_saysWhat() throws Exception {
    host.start();

    host.cli("link", "/etc/passwd", "-o", "linked.o").refuses(2, "not an ELF object");
    host.cli("link", "/bin/true", "-o", "linked.o").refuses(2, "at byte 16");
    host.cli("link", "none.o", "-o", "linked.o").refuses(2, "no such file");
  }

  @Test
  @LoadedPrograms.LoadedAndSeen
  void program_whenLinked_isLoadedUnchangedByBpftoolAndIp() throws Exception {
    Requires.bpf();
    host.start();
    host.cli("register", "edge.flow:8", "--service", "edge").ok();
    compile(TWO_FIELDS);
    host.cli("link", "prog.bpf.o", "-o", "linked.o").ok();
    String name = "linker-it-" + ProcessHandle.current().pid();
    host.closeLater(() -> run("ip", "netns", "delete", name));
    run("ip", "netns", "add", name).ok();

    assertThat(runs(name, "prog.bpf.o")).isEqualTo(1);
    assertThat(runs(name, "linked.o")).isEqualTo(2);
    run("ip", "-n", name, "link", "add", "v0", "type", "veth", "peer", "name", "v1").ok();
    run("ip", "-n", name, "link", "set", "dev", "v0", "xdp", "obj", "linked.o", "sec", "xdp").ok();
    assertThat(run("ip", "-n", name, "link", "show", "dev", "v0").ok().out()).contains("xdp");
  }

  /** What the program returns for a packet: 1 for dropping it, 2 for passing it on. */
  private int runs(String name, String object) throws Exception {
    Path pin = Path.of("/sys/fs/bpf", name);
    Files.write(host.root().resolve("packet"), new byte[64]);
    run("bpftool", "prog", "load", object, pin.toString()).ok();
    try {
      Ran ran = run("bpftool", "prog", "run", "pinned", pin.toString(), "data_in", "packet");
      return Integer.parseInt(ran.ok().out().replaceAll("(?s).*Return value: (\\d+).*", "$1"));
    } finally {
      Files.delete(pin);
    }
  }
}
