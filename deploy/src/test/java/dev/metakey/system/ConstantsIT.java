package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What {@code metakey gen} makes of a registry, as each language's own compiler takes it. */
final class ConstantsIT {
  /** Names that are keywords, that end in underscores, and the longest that there may be. */
  private static final List<String> NAMES =
      List.of("edge.packet_id", "int", "class.static", "true", "a__b_.c_", "x".repeat(63));

  @RegisterExtension static final Host host = new Host();

  @BeforeAll
  static void start() throws Exception {
    daemon = host.start();
    for (String name : NAMES) {
      host.cli("register", name + ":2", "--service", "metakey").ok();
    }
  }

  private static Path made(String file, String... words) throws Exception {
    Path path = host.root().resolve(file);
    List<String> line = new ArrayList<>(List.of("gen"));
    line.addAll(List.of(words));
    line.addAll(List.of("-o", path.toString()));
    host.cli(line.toArray(String[]::new)).ok();
    return path;
  }

  private static DaemonProcess daemon;

  private static String run(String... command) throws Exception {
    Ran ran = Ran.of(host.process(List.of(command)), Host.PATIENCE.multipliedBy(5)).ok();
    assertThat(ran.err()).isEmpty();
    return ran.out();
  }

  private static String slot(String name) throws Exception {
    String json = host.cli("resolve", name, "-o", "jsonl").ok().out();
    return json.replaceAll("(?s).*\"slot\":([0-9]+),.*", "$1");
  }

  /** What the programs below print. */
  private static String expected() throws Exception {
    return "0 2 " + slot("edge.packet_id");
  }

  @Test
  void c_whenCompiledTogetherWithOurHeaders_hasNoWarningAndTheValues() throws Exception {
    Requires.clang();
    made("fields.h", "c");
    Path source =
        Files.writeString(
            host.root().resolve("main.c"),
            """
            #include <stdio.h>
            #include <metakey/metakey.h>
            #include "fields.h"
            #include "fields.h"
            int main(void) {
              return printf("%d %d %d", METAKEY_ID_EDGE_PACKET_ID, METAKEY_SIZE_EDGE_PACKET_ID,
                            METAKEY_SLOT_EDGE_PACKET_ID) < 0;
            }
            """);
    String include = host.image().root().resolve("include").toString();
    Path program = host.root().resolve("main");
    run(
        "clang",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-I",
        include,
        source.toString(),
        "-o",
        program.toString());

    assertThat(run(program.toString())).isEqualTo(expected());
  }

  @Test
  void go_whenVetted_isFormattedAndHasTheValues() throws Exception {
    Requires.program("go");
    Path directory = Files.createDirectories(host.root().resolve("go/src/fields"));
    Path source = made("go/src/fields/metakey.go", "go", "--package", "fields");
    Files.writeString(
        directory.resolve("values_test.go"),
        """
        package fields

        import "fmt"

        func Example() {
        	fmt.Println(ID_EDGE_PACKET_ID, SIZE_EDGE_PACKET_ID, SLOT_EDGE_PACKET_ID)
        	// Output: %s
        }
        """
            .formatted(expected()));
    assertThat(run("gofmt", "-l", source.toString())).isEmpty();
    go("vet");
    assertThat(go("test")).startsWith("ok");
  }

  private static String go(String what) throws Exception {
    return run(
        "env",
        "GO111MODULE=off",
        "GOPATH=" + host.root().resolve("go"),
        "GOCACHE=" + host.root().resolve("go-cache"),
        "go",
        what,
        "fields");
  }

  @Test
  void rust_whenNotAllIsUsed_hasNoWarningAndTheValues() throws Exception {
    Requires.program("rustc");
    made("fields.rs", "rust");
    Path source =
        Files.writeString(
            host.root().resolve("main.rs"),
            """
            mod fields;
            use fields::{ID_EDGE_PACKET_ID as ID, SIZE_EDGE_PACKET_ID as SIZE, SLOT_EDGE_PACKET_ID as SLOT};
            fn main() {
                print!("{} {} {}", ID, SIZE, SLOT);
            }
            """);
    Path program = host.root().resolve("main-rs");
    run("rustc", "-D", "warnings", source.toString(), "-o", program.toString());

    assertThat(run(program.toString())).isEqualTo(expected());
  }

  @Test
  void java_whenCompiled_hasNoWarningAndTheValues() throws Exception {
    String javac = Path.of(System.getProperty("java.home"), "bin/javac").toString();
    Files.createDirectories(host.root().resolve("java/com/example"));
    Path fields = made("java/com/example/MetakeyFields.java", "java", "--package", "com.example");
    Path main =
        Files.writeString(
            host.root().resolve("java/Main.java"),
            """
            import static com.example.MetakeyFields.*;
            final class Main {
              public static void main(String[] args) {
                System.out.print(ID_EDGE_PACKET_ID + " " + SIZE_EDGE_PACKET_ID + " " + SLOT_EDGE_PACKET_ID);
              }
            }
            """);
    String classes = host.root().resolve("java/classes").toString();
    run(javac, "-Xlint:all", "-Werror", "-d", classes, fields.toString(), main.toString());

    String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
    assertThat(run(java, "-cp", classes, "Main")).isEqualTo(expected());
  }

  @Test
  void python_whenCompiled_hasTheValues() throws Exception {
    Requires.program("python3");
    Path source = made("fields.py", "python");
    run("python3", "-W", "error", "-m", "py_compile", source.toString());
    String script =
        "import sys; sys.path.insert(0, sys.argv[1]); import fields as f; "
            + "print(f.ID_EDGE_PACKET_ID, f.SIZE_EDGE_PACKET_ID, f.SLOT_EDGE_PACKET_ID, end='')";

    assertThat(run("python3", "-c", script, host.root().toString())).isEqualTo(expected());
  }

  @Test
  void env_whenSourced_hasTheValues() throws Exception {
    Path file = made("fields.env", "env");
    String script =
        "set -eu; . \"$1\"; printf '%s %s %s' $METAKEY_ID_EDGE_PACKET_ID $METAKEY_SIZE_EDGE_PACKET_ID $METAKEY_SLOT_EDGE_PACKET_ID";

    assertThat(run("sh", "-c", script, "sh", file.toString())).isEqualTo(expected());
  }

  /** The kernel's own ids are above 63, where routing tables have ids as well. */
  @Test
  void rtTables_whenRead_hasIdsAndNamesAsPublished() throws Exception {
    Path file = made("rt_tables", "rt_tables");

    List<String> lines =
        Files.readAllLines(file).stream().filter(line -> !line.startsWith("#")).toList();
    assertThat(lines)
        .contains("0\tedge.packet_id", "64\tkernel.rx_timestamp")
        .hasSize(NAMES.size() + 3);
    for (String line : lines) {
      String[] words = line.split("\t", -1);
      assertThat(host.cli("id", words[1]).ok().out()).isEqualTo(words[0] + "\n");
    }
  }

  @Test
  void check_whenTheRegistryMovesOn_saysWhatDiffersAlsoWithoutADaemon() throws Exception {
    host.cli("register", "check.kept:2", "check.gone:2", "--service", "metakey").ok();
    String file = made("check.h", "c", "--prefix", "check.").toString();
    String[] check = {"gen", "c", "--prefix", "check.", "--check", file};

    host.cli("register", "elsewhere:2", "--service", "metakey").ok();
    assertThat(host.cli(check).ok().out()).isEmpty();
    host.cli("release", "check.gone", "--service", "metakey").ok();
    Ran differs = host.cli(check);
    assertThat(differs.exit()).isEqualTo(11);
    assertThat(differs.out())
        .contains("-#define METAKEY_ID_CHECK_GONE ")
        .doesNotContain("CHECK_KEPT");

    daemon.terminate();
    Ran stale = host.program(check);
    daemon = host.start();
    assertThat(stale.exit()).isEqualTo(11);
    assertThat(stale.out()).isEqualTo(differs.out());
    assertThat(stale.err()).contains("stale");
  }
}
