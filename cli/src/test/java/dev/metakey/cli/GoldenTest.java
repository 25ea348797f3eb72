package dev.metakey.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.metakey.cli.print.Terminal;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every verb in every form against the texts in src/test/resources/golden. {@code -Dgolden=write}
 * writes them anew, to be read before they are committed.
 */
class GoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  /** The area in front of a packet: 92 bytes of nothing, then values, bitmap and mark. */
  private static final String AREA =
      "'"
          + "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
          + "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
          + "000000000000000000000000"
          + " efbeadde 0000 0700 0100000a 2a00000000000000 a700000000000000 5ec2e7a91b3d0000'";

  @TempDir static Path dir;
  private static FakeDaemon daemon;

  @BeforeAll
  static void start() throws IOException {
    daemon = new FakeDaemon(dir.resolve("s"));
  }

  @AfterAll
  static void stop() throws Exception {
    daemon.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "register edge.hop edge.packet_id --size 8 --description another",
        "release edge.zone",
        "resolve edge.packet_id acme.tenant",
        "list",
        "list --state free",
        "list --orphans --unused-for 90d",
        "map",
        "show edge.zone",
        "header",
        "decode " + AREA,
        "status",
        "reserve acme.tenant --id 7 --size 4 --foreign",
        "unreserve acme.tenant",
        "undelete edge.packet_id",
        "transfer edge.packet_id --to edge-xdp.service",
        "history",
        "pending",
        "users",
        "restore src/test/resources/objects/prog.bpf.c",
      })
  void everyForm_whenAnswered_looksAsRecorded(String line) throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String form : List.of("table", "wide", "json", "jsonl", "name")) {
      String[] args = Run.words(line + " -o " + form);
      seen.append(Run.at(daemon).metakey(args).transcript(args)).append('\n');
    }
    String verb = Run.words(line)[0];
    String which =
        line.contains("--state") ? "-free" : line.contains("--orphans") ? "-orphans" : "";
    check(verb + which, seen.toString());
  }

  @Test
  void map_whenTheTerminalIsNarrow_looksAsRecorded() throws IOException {
    check(
        "map-narrow", Run.at(daemon).with("COLUMNS", "40").metakey("map").transcript("map") + "\n");
  }

  /** What the tables look like on terminals; where they go to no terminal, they are whole. */
  @ParameterizedTest
  @ValueSource(ints = {40, 80, 120, 200})
  void tables_whenTheTerminalIsNarrow_areAsRecorded(int columns) throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String line :
        List.of(
            "register edge.hop edge.packet_id --size 8",
            "resolve edge.packet_id acme.tenant",
            "list",
            "list --orphans --unused-for 90d",
            "show edge.zone",
            "status",
            "history",
            "pending",
            "users",
            "plan src/test/resources/objects/prog.bpf.c",
            "policy test --uid 1000 --gid 1000 --name edge.packet_id",
            "decode " + AREA,
            "link src/test/resources/objects/prog.bpf.o --shared --dry-run",
            "watch")) {
      String[] args = Run.words(line);
      boolean isEndless = line.equals("watch");
      Run run =
          Run.at(daemon)
              .with("COLUMNS", Integer.toString(columns))
              .with("NO_COLOR", "1")
              .outTo(Terminal.Kind.TERMINAL)
              .outEndsAfter(isEndless ? 9 : Integer.MAX_VALUE);
      Run.Result result = run.metakey(args);
      // A word is never broken, so that it can be copied.
      assertThat(result.out().lines())
          .as(line)
          .allMatch(text -> text.length() <= columns || text.matches("\\S+ +\\S+"));
      seen.append(result.transcript(args)).append('\n');
    }
    if (columns <= 80) {
      check("columns-" + columns, seen.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-o target/linked.bpf.o", "--dry-run"})
  void link_whenAnswered_looksAsRecorded(String how) throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String form : List.of("table", "wide", "json", "jsonl", "name")) {
      String line = "link src/test/resources/objects/prog.bpf.o --shared " + how + " --form ";
      String[] args = Run.words(line + form);
      seen.append(Run.at(daemon).metakey(args).transcript(args)).append('\n');
    }
    check(how.startsWith("-o") ? "link" : "link-dry-run", seen.toString());
  }

  /** It has no forms: there is nothing on stdout. */
  @Test
  void retag_whenAnswered_looksAsRecorded() throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String line : List.of("retag", "retag --nothing-loaded")) {
      String[] args = Run.words(line);
      seen.append(Run.at(daemon).metakey(args).transcript(args)).append('\n');
    }
    check("retag", seen.toString());
  }

  /** They have no forms either. */
  @Test
  void maintenance_whenAnswered_looksAsRecorded() throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String line :
        List.of(
            "backup target/metakey.backup",
            "backup none/metakey.backup",
            "read-only on --reason 'moving the disk'",
            "read-only off",
            "export",
            "import src/test/resources/objects/prog.bpf.c --dry-run",
            "import src/test/resources/objects/prog.bpf.c",
            "apply src/test/resources/objects/prog.bpf.c -o name",
            "plan src/test/resources/objects/prog.bpf.c")) {
      String[] args = Run.words(line);
      seen.append(Run.at(daemon).metakey(args).transcript(args)).append('\n');
    }
    daemon.conflicts = List.of("/etc/fields.yaml:3: edge.zone cannot have id 0");
    String[] args = Run.words("plan src/test/resources/objects/prog.bpf.c");
    seen.append(Run.at(daemon).metakey(args).transcript(args)).append('\n');
    check("maintenance", seen.toString());
  }

  /** Nor has this. */
  @Test
  void policy_whenAnswered_looksAsRecorded() throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String line :
        List.of(
            "reload",
            "policy test --uid 1000 --gid 1000 --name edge.packet_id",
            "policy test --uid 0 --unit edge.service",
            "policy test --uid 1000 --name edge.packet_id -o json",
            "policy test --uid 0 --unit edge.service -o jsonl")) {
      String[] args = Run.words(line);
      seen.append(Run.at(daemon).metakey(args).transcript(args)).append('\n');
    }
    check("policy", seen.toString());
  }

  @Test
  void fleet_whenAnswered_looksAsRecorded() throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String line :
        List.of(
            "fleet status",
            "fleet status -o json",
            "fleet list",
            "fleet list -o json",
            "fleet hosts",
            "fleet hosts -o jsonl",
            "fleet plan",
            "fleet plan -o json",
            "fleet join",
            "fleet adopt edge.hop",
            "fleet forget host-17",
            "fleet export",
            "fleet adopt",
            "fleet status edge.hop",
            "fleet status -o name",
            "fleet watch -o json",
            "fleet leave")) {
      String[] args = Run.words(line);
      seen.append(Run.at(daemon).metakey(args).transcript(args)).append('\n');
    }
    check("fleet", seen.toString());
  }

  /** On a little-endian machine: the marks in the script are numbers. */
  @Test
  void gen_whenAnswered_looksAsRecorded() throws IOException {
    assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "missing: little-endian");
    StringBuilder seen = new StringBuilder();
    for (String line :
        List.of(
            "gen bpftrace edge.packet_id edge.client_ip",
            "gen pwru edge.packet_id",
            "gen c",
            "gen c --prefix edge.client -o target/fields.h",
            "gen c --prefix edge.client --check target/fields.h",
            "gen c --prefix edge.c --check target/fields.h",
            "gen go edge.client_ip edge.packet_id",
            "gen rust edge.packet_id",
            "gen java edge.packet_id --package com.example",
            "gen python --owner edge-xdp.service",
            "gen env edge.packet_id",
            "gen rt_tables",
            "gen c --prefix none.")) {
      String[] args = Run.words(line);
      seen.append(Run.at(daemon).metakey(args).transcript(args)).append('\n');
    }
    check("gen", seen.toString());
  }

  @Test
  void watch_whenTold_looksAsRecorded() throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String form : List.of("table", "wide", "jsonl", "name", "json")) {
      String[] args = {"watch", "-o", form};
      int lines = form.equals("jsonl") ? 2 : form.equals("name") ? 8 : 9;
      Run run = Run.at(daemon).outTo(Terminal.Kind.PIPE).outEndsAfter(lines);
      seen.append(run.metakey(args).transcript(args)).append('\n');
    }
    check("watch", seen.toString());
  }

  @Test
  void words_whenAskedForHelp_lookAsRecorded() throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String line : List.of("", "--help", "id --help", "help register", "help watch")) {
      String[] args = Run.words(line);
      seen.append(Run.alone().metakey(args).transcript(args)).append('\n');
    }
    check("help", seen.toString());
  }

  @Test
  void wrongLines_whenRead_answerAsRecorded() throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String line :
        List.of(
            "bogus",
            "lst",
            "list bogus",
            "list --sate active",
            "list --state bogus",
            "list -o xml",
            "list -o",
            "id",
            "id a b",
            "id --socket",
            "id edge.packet_id --wait 10",
            "id edge.packet_id --wait 10x",
            "id edge.packet_id --wait -5s",
            "id edge.packet_id --wait 400d",
            "id edge.packet_id --timeout 0",
            "id edge.packet_id --timeout 25h",
            "resolve",
            "register",
            "register edge.packet_id",
            "register edge.packet_id --size",
            "register edge.packet_id --size eight",
            "register edge.packet_id --size 0",
            "register edge.packet_id --size 1",
            "register edge.packet_id --size 3",
            "register edge.packet_id --size 16",
            "register edge.packet_id --size -1",
            "register edge.packet_id:eight",
            "register edge.packet_id:3",
            "register Edge.packet --size 8",
            "register 1edge --size 8",
            "register .edge --size 8",
            "register edge..id --size 8",
            "register edge.päckchen --size 8",
            "register " + "a".repeat(64) + " --size 8",
            "register edge.ip --size 8 --format ipv4",
            "register edge.ip --size 8 --format roman",
            "register edge.ip --size 8 --merge maybe",
            "register edge.ip --size 8 --ttl 0",
            "register edge.ip --size 8 --ttl 999ms",
            "register edge.ip --size 8 --size 4",
            "register edge.ip --size 8 --service no/slash",
            "release",
            "release edge.packet_id --now --force",
            "release edge.packet_id --uid 1000",
            "release --owner tracer",
            "release --owner edge-xdp.service --generation 1",
            "release --uid 1000 --force",
            "release --uid 1000 --container",
            "release edge.packet_id --generation 0",
            "release edge.packet_id --generation one",
            "users a b",
            "show",
            "show 99999999999",
            "list --unused-for 1d",
            "list --orphans --state retired",
            "list --orphans --unused-for 367d",
            "header -o name",
            "map -o name",
            "doctor -o name",
            "doctor edge",
            "map edge",
            "status -o name",
            "decode",
            "decode ''",
            "decode 0g",
            "decode '00 11 2'",
            "decode 'ab cd ef'",
            "decode 4500003c00010000",
            "decode 5ec2e7a91b3d0000",
            "decode ff00000000000000ff00000000000000000002037965 6b6d",
            "decode --layout packed --area 24 ff00000000000000ff0000000000000000000203796500 00",
            "decode --layout packed 00",
            "decode --layout flat --area 24 00",
            "decode --layout packed --area 25 00",
            "decode --layout packed --area 24 0000000000000000000000000000000000000000000000 00",
            "watch --since 41",
            "watch --since 41@nonsense",
            "watch --exec true -o jsonl",
            "watch --exec true --exec-timeout 0",
            "watch --exec true --exec-timeout 25h",
            "reserve edge.ip",
            "reserve edge.ip --id x --size 4",
            "history --limit 0",
            "history --limit 1001",
            "history --since -1",
            "history --since x",
            "history --since 2x",
            "history --since 2026-13-01T00:00:00Z",
            "history --last 0",
            "history --last ten",
            "history --last 1 --limit 1",
            "reserve edge.ip --id 64 --size 4",
            "transfer edge.ip",
            "transfer edge.ip --to tracer",
            "transfer edge.ip --to tracer --uid 1000 --container",
            "transfer edge.ip --to tracer --uid x",
            "transfer edge.ip --to tracer --uid 4294967295",
            "transfer edge.ip --to no/slash --uid 0",
            "transfer edge.ip --to no/slash.service",
            "transfer edge.ip --to edge-xdp.service --uid 1000",
            "transfer edge.ip --to edge-xdp.service --container",
            "list --bogus-option 1",
            "-o xml list",
            "-o json id edge.packet_id",
            "link",
            "link none.bpf.o",
            "link none.bpf.o -o linked.bpf.o",
            "link none.bpf.o -o linked.bpf.o --wait 0",
            "link src/test/resources/objects/prog.bpf.c -o linked.bpf.o",
            "backup",
            "restore none",
            "policy",
            "policy rest --uid 1",
            "policy test",
            "policy test --uid -1",
            "policy test --uid 1 -o name",
            "policy test --uid 1 --unit a.service --claim a",
            "plan",
            "apply none",
            "import none --bogus",
            "export -o json",
            "reserve edge.ip --id 3 --size 4 --slot 0",
            "read-only",
            "read-only maybe",
            "read-only off --reason x",
            "gen",
            "gen bpftrace",
            "gen bogus edge.packet_id",
            "gen bpftrace --prefix edge.",
            "gen bpftrace edge.packet_id --check none",
            "gen c --check none",
            "gen c --check none -o fields.h",
            "gen c edge.packet_id --prefix edge.",
            "gen c --owner tracer",
            "gen c --package edge",
            "gen go --package com.example",
            "gen java --package com..Example",
            "gen bpftrace kernel.rx_hash",
            "gen bpftrace edge.packet_id -o src",
            "-o json gen pwru edge.packet_id",
            "help bogus",
            "@list")) {
      String[] args = Run.words(line);
      Run.Result result = Run.at(daemon).metakey(args);
      assertThat(result.exit()).as(line).isEqualTo(2);
      assertThat(result.out()).as(line).isEmpty();
      seen.append(result.transcript(args)).append('\n');
    }
    String[] empty = {"register", "", "--size", "8"};
    seen.append(Run.at(daemon).metakey(empty).transcript(empty)).append('\n');
    check("wrong-lines", seen.toString());
  }

  private static void check(String name, String seen) throws IOException {
    Path file = GOLDEN.resolve(name + ".txt");
    if ("write".equals(System.getProperty("golden"))) {
      Files.createDirectories(GOLDEN);
      Files.writeString(file, seen);
    }
    assertThat(seen).as("as in %s", file).isEqualTo(Files.readString(file));
  }
}
