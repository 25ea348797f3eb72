package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Layout;
import dev.metakey.system.Way.Count;
import dev.metakey.system.Way.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The guide's table "What happens to metadata": a value is set on packets, they go each of the
 * {@link Ways}, and it is read there. On any kernel, what is read is what was set, or nothing.
 * Which of the two is the kernel's doing: it is compared with the table on the version that the
 * guide names, and printed on others. {@code -Dgolden=write} writes table and version anew.
 */
@Order(1)
@LoadedPrograms.LoadedAndSeen
class MetadataWaysIT {
  private static final int PACKETS = 8;

  private static final Path GUIDE =
      Path.of(System.getProperty("metakey.sources", "..")).resolve("docs/bpf-guide.md");

  private static final Pattern TABLE =
      Pattern.compile(
          "(?<=Measured on Linux )(?<version>\\d+\\.\\d+)(?<between>(?s:.*?)\n"
              + "\\| on its way .*\n.*\n)(?<rows>(\\|.*\n)+)");

  @TempDir static Path built;

  @RegisterExtension final Host host = new Host().seeingPrograms();

  @BeforeAll
  static void compile() throws Exception {
    Requires.bpf();
    Requires.program("ethtool");
    CBuild.bpf(
        "clang",
        CBuild.source("ways.bpf.c"),
        built.resolve("ways.bpf.o"),
        "-mcpu=v3",
        "-Wno-unused-parameter");
    CBuild.program(CBuild.source("ways.c"), built.resolve("ways"));
    CBuild.program(CBuild.source("attach_raw.c"), built.resolve("attach_raw"));
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void value_onEveryWay_isWhatWasSetOrNone(Layout layout) throws Exception {
    WaysShell shell = shell(layout);
    StringBuilder rows = new StringBuilder();
    List<String> wrong = new ArrayList<>();
    for (Way way : Ways.all()) {
      try {
        Optional<Map<Place, Count>> counts = shell.send(way, PACKETS);
        rows.append(counts.map(way::rows).orElseGet(way::rowNotTried));
      } catch (AssertionError e) {
        wrong.add(e.getMessage());
      }
    }
    assertThat(wrong).isEmpty();
    compare(rows.toString());
  }

  /** In a lab where the programs are loaded, linked by the command. */
  private WaysShell shell(Layout layout) throws Exception {
    host.configure("layout: " + layout.name().toLowerCase(Locale.ROOT));
    host.set("WAYS", built.resolve("ways").toString());
    host.set("PACKETS", String.valueOf(PACKETS));
    host.start();
    // An id other than 0, and a neighbour on each side.
    host.cli("register", "before.one:2", "test.value:8").ok();
    Path object = host.root().resolve("linked.bpf.o");
    host.cli("link", built.resolve("ways.bpf.o").toString(), "-o", object.toString()).ok();
    Lab lab = Lab.open(host);
    lab.run("bpftool prog loadall " + object + " /sys/fs/bpf/p pinmaps /sys/fs/bpf/m").ok();
    lab.run(
            ". %s && put traced 0 $(stat -Lc %%i /proc/self/ns/net)"
                .formatted(CBuild.source("ways.sh")))
        .ok();
    lab.start(built.resolve("attach_raw") + " /sys/fs/bpf/p/read_tracer", "attached");
    return host.closeLater(new WaysShell(lab, host.root().resolve("errors")));
  }

  private static void compare(String measured) throws Exception {
    String kernel = Ran.of(new ProcessBuilder("uname", "-r"), Host.PATIENCE).ok().out();
    String guide = Files.readString(GUIDE);
    Matcher table = TABLE.matcher(guide);
    assertThat(table.find()).as("a table in %s", GUIDE).isTrue();
    if ("write".equals(System.getProperty("golden"))) {
      write(guide, table, kernel, measured);
    } else if (kernel.startsWith(table.group("version") + ".")) {
      assertThat(measured).as("as in %s", GUIDE).isEqualTo(table.group("rows"));
    } else {
      System.out.printf("On Linux %s, which the guide does not tell of:%n%s", kernel, measured);
    }
  }

  private static void write(String guide, Matcher table, String kernel, String measured)
      throws IOException {
    String version = kernel.replaceFirst("^(\\d+\\.\\d+).*\\R", "$1");
    Files.writeString(
        GUIDE,
        guide.substring(0, table.start())
            + version
            + table.group("between")
            + measured
            + guide.substring(table.end()));
  }
}
