package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.layout.TagStruct;
import dev.metakey.model.Tag;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Who is told the tag, and what becomes of it. */
@LoadedPrograms.Seen
class TagIT {
  private static final int LINKERS_GID = 4242;

  @RegisterExtension final Host host = new Host().seeingPrograms();

  private Path maps;

  @BeforeEach
  void setUp() throws Exception {
    Requires.bpf();
    maps = host.mount("bpffs", "-t", "bpf", "bpf").resolve("maps");
    Files.copy(
        Path.of(System.getProperty("metakey.sources", "."))
            .resolve("cli/src/test/resources/objects/prog.bpf.o"),
        host.root().resolve("prog.bpf.o"));
  }

  /** Published soon after the daemon serves. */
  private Tag tag() throws Exception {
    Path file = host.run().resolve("tag");
    Host.await("the tag is published", () -> Files.exists(file));
    return TagStruct.read(file).tag();
  }

  private void startAndLink() throws Exception {
    host.start("--bpffs", maps.toString());
    host.cli("register", "edge.packet_id:8", "--service", "edge").ok();
    host.cli("link", "prog.bpf.o", "-o", "linked.bpf.o").ok();
  }

  private static String modeOf(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void tag_whenSomebodyMayOnlyRead_isInNoFileThatTheyCanRead() throws Exception {
    startAndLink();
    Host.await("the map is published", () -> Files.exists(maps.resolve("tag")));

    assertThat(modeOf(host.run().resolve("tag"))).isEqualTo("rw-r-----");
    assertThat(modeOf(maps.resolve("tag"))).isEqualTo("rw-r-----");
    assertThat(modeOf(host.root().resolve("linked.bpf.o"))).isEqualTo("rw-r-----");
    assertThat(filesWithTag(List.of())).contains("run/tag", "linked.bpf.o", "state-copy.1");
    assertThat(filesWithTag(Requires.nobody())).isEmpty();
  }

  /**
   * As if an admin had made the directory with a plain mkdir, and put a copy of the database there.
   */
  @Test
  void tag_whenOthersMayEnterTheDataDirectory_isInNoFileThatTheyMayRead() throws Exception {
    Files.createDirectory(host.data());
    Files.setPosixFilePermissions(host.data(), PosixFilePermissions.fromString("rwxr-xr-x"));
    DaemonProcess first = host.start("--programs", "none");
    host.cli("register", "edge.packet_id:8", "--service", "edge").ok();
    assertThat(filesWithTag(List.of())).contains(".log", "state-copy.");
    assertThat(filesWithTag(Requires.nobody())).isEmpty();
    first.kill();
    run("chmod", "-R", "a+r", host.data().toString()).ok();
    assertThat(filesWithTag(Requires.nobody())).isNotEmpty();

    host.start("--programs", "none");

    assertThat(filesWithTag(Requires.nobody())).isEmpty();
  }

  /** The files below the host's directory that hold the tag, as bytes or in hex. */
  private String filesWithTag(List<String> as) throws Exception {
    String hex = HexFormat.of().formatHex(tag().bytes());
    String bytes = HexFormat.ofDelimiter("").withPrefix("\\x").formatHex(tag().bytes());
    List<String> command = new ArrayList<>(as);
    command.addAll(
        List.of(
            "env",
            "LC_ALL=C",
            "sh",
            "-c",
            "grep -rlaiP '%s|%s' %s 2> /dev/null; true".formatted(hex, bytes, host.root())));
    return Ran.of(host.process(command), Host.PATIENCE).ok().out();
  }

  @Test
  void tag_whenAnythingIsAsked_isInNoAnswerAndNoLog() throws Exception {
    host.configure(
        "policy:", // so that nobody may not link
        "log: {level: debug, format: json}",
        "history: {journal: true}");
    startAndLink();
    List<String> said = new ArrayList<>();
    for (String line :
        List.of(
            "list -o json",
            "list -o wide",
            "list --state free -o json",
            "show edge.packet_id -o json",
            "header -o json",
            "status -o json",
            "resolve edge.packet_id -o json",
            "link prog.bpf.o --dry-run --form json")) {
      said.add(all(host.cliAsNobody(line.split(" ")).ok()));
      said.add(all(host.cli(line.split(" ")).ok()));
    }
    for (String line : List.of("users -o json", "history -o json", "pending -o json")) {
      said.add(all(host.cliAsNobody(line.split(" ")).refuses(5, "metakey: ")));
      said.add(all(host.cli(line.split(" ")).ok()));
    }
    String[] link = {"link", "prog.bpf.o", "-o", "linked.bpf.o", "--form", "json"};
    said.add(all(host.cliAsNobody(link).refuses(1, "linked.bpf.o cannot be written")));
    said.add(all(host.cli(link).ok()));
    said.add(all(host.cliAsNobody("retag").refuses(5, "retag is for admins")));
    String area = "00".repeat(120) + "0102030405060000";
    said.add(all(host.cliAsNobody("decode", area).ok()));
    said.add(watched());
    said.add(Files.readString(host.root().resolve("metakeyd.log")));
    byte[] tag = tag().bytes();
    for (String shown :
        List.of(
            HexFormat.of().formatHex(tag),
            HexFormat.ofDelimiter(" ").formatHex(tag),
            HexFormat.ofDelimiter(":").formatHex(tag))) {
      assertThat(said).noneMatch(text -> text.toLowerCase(Locale.ROOT).contains(shown));
    }
    assertThat(String.join("\n", said)).contains("edge.packet_id", "edge.hop");
  }

  private static String all(Ran ran) {
    return ran.out() + ran.err();
  }

  /** The state, as a watcher is told it. */
  private String watched() throws Exception {
    List<String> command = Requires.nobody();
    command.addAll(List.of("timeout", "5"));
    command.addAll(host.cliCommand("watch", "-o", "jsonl").command());
    return Ran.of(host.process(command), Host.PATIENCE).out();
  }

  @Test
  void link_whenNotInTheGroup_isRefusedAndRegistersNothing() throws Exception {
    host.configure("policy:");
    host.start();
    host.cli("register", "edge.packet_id:8", "--service", "edge").ok();

    Ran refused = host.cliAsNobody("link", "prog.bpf.o", "-o", "/tmp/never.bpf.o");

    refused.refuses(5, "group 'metakey'", "groupadd --system metakey");
    assertThat(host.cli("list", "-o", "name").ok().out()).doesNotContain("edge.hop");
  }

  /** A supplementary group counts. */
  @Test
  void link_whenInTheGroup_isAllowed() throws Exception {
    host.configure("policy:");
    Path groups = Files.copy(Path.of("/etc/group"), host.root().resolve("group"));
    Files.writeString(groups, "metakey:x:%d:%n".formatted(LINKERS_GID), StandardOpenOption.APPEND);
    List<String> daemon =
        new ArrayList<>(
            List.of(
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount --bind %s /etc/group && exec \"$@\"".formatted(groups),
                "sh"));
    daemon.addAll(host.daemonCommand().command());
    host.launch(host.process(daemon)).awaitServing();
    host.cli("register", "edge.packet_id:8", "--service", "edge").ok();
    Path out = Files.createDirectory(host.root().resolve("out"));
    Files.setPosixFilePermissions(out, PosixFilePermissions.fromString("rwxrwxrwx"));

    List<String> member =
        new ArrayList<>(
            List.of("setpriv", "--reuid=65534", "--regid=65534", "--groups=7," + LINKERS_GID));
    member.addAll(host.cliCommand("link", "prog.bpf.o", "-o", "out/linked.bpf.o").command());
    Ran.of(host.process(member), Host.PATIENCE).ok();

    assertThat(modeOf(out.resolve("linked.bpf.o"))).isEqualTo("rw-r-----");
    assertThat(Files.getAttribute(host.run().resolve("tag"), "unix:gid")).isEqualTo(LINKERS_GID);
    assertThat(modeOf(host.run().resolve("tag"))).isEqualTo("rw-r-----");
  }

  @Test
  void tag_whenTheDaemonStartsAgain_stays() throws Exception {
    DaemonProcess first = host.start();
    Tag before = tag();
    first.terminate();

    host.start();

    assertThat(tag()).isEqualTo(before);
  }

  /** The database is gone, but the state copy has the tag. */
  @Test
  void tag_whenTheDatabaseIsLost_stays() throws Exception {
    DaemonProcess first = host.start();
    host.cli("register", "edge.packet_id:8", "--service", "edge").ok();
    Tag before = tag();
    first.terminate();
    Files.delete(host.data().resolve("CURRENT"));

    host.start();

    assertThat(tag()).isEqualTo(before);
    assertThat(host.cli("status").out()).contains("recovered");
  }

  @Test
  @LoadedPrograms.LoadedAndSeen
  void retag_whileALinkedProgramIsLoaded_isRefusedAndAfterwardsMakesItStale() throws Exception {
    startAndLink();
    Tag before = tag();
    Path pinned = maps.resolveSibling("prog");
    run("bpftool", "prog", "load", "linked.bpf.o", pinned.toString()).ok();

    host.cli("retag", "--nothing-loaded").refuses(7, "is linked with it", "Unload it first");
    assertThat(tag()).isEqualTo(before);

    Files.delete(pinned);
    Host.await("the kernel lets the program go", () -> host.cli("retag").exit() == 0);
    assertThat(tag()).isNotEqualTo(before);
    run("bpftool", "prog", "load", "linked.bpf.o", pinned.toString()).ok();
    assertThat(host.cli("users", "-o", "json").ok().out()).contains("another tag than here");
    host.cli("link", "prog.bpf.o", "-o", "linked.bpf.o").ok();
    Files.delete(pinned);
    run("bpftool", "prog", "load", "linked.bpf.o", pinned.toString()).ok();
    Host.await(
        "the new program alone is seen",
        () -> !host.cli("users", "-o", "json").ok().out().contains("another tag"));
  }

  private Ran run(String... command) throws Exception {
    return Ran.of(host.process(List.of(command)), Host.PATIENCE);
  }

  @Test
  void retag_whenProgramsAreNotLookedAt_needsAWord() throws Exception {
    host.start("--programs", "none");

    host.cli("retag").refuses(7, "--nothing-loaded");
    Tag before = tag();
    host.cli("retag", "--nothing-loaded").ok();

    assertThat(tag()).isNotEqualTo(before);
  }
}
