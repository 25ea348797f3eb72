package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the documents show is true: each one's commands are run in order against a fresh daemon. */
@LoadedPrograms.Seen
class DocsIT {
  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();

  @RegisterExtension final Host host = new Host().seeingPrograms();

  static Stream<Path> documents() throws IOException {
    List<Path> documents = new ArrayList<>(List.of(PROJECT.resolve("README.md")));
    try (Stream<Path> pages = Files.list(PROJECT.resolve("docs"))) {
      pages.filter(page -> page.toString().endsWith(".md")).sorted().forEach(documents::add);
    }
    return documents.stream().filter(page -> !commandsIn(page).isEmpty()).map(PROJECT::relativize);
  }

  @BeforeEach
  void start() throws Exception {
    Requires.claimedServices();
    host.set("PATH", host.image().bin("metakey").getParent() + ":" + System.getenv("PATH"));
    host.set("NO_COLOR", "1");
    Files.copy(
        PROJECT.resolve("cli/src/test/resources/objects/prog.bpf.o"),
        host.root().resolve("prog.bpf.o"));
    host.configure("policy:");
    host.start();
  }

  @ParameterizedTest
  @MethodSource("documents")
  void commands_whenRunInOrder_printWhatIsShown(Path document) throws Exception {
    for (Shown shown : commandsIn(PROJECT.resolve(document))) {
      Ran ran =
          Ran.of(host.process(List.of("sh", "-c", "exec 2>&1; " + shown.command())), Host.PATIENCE);
      assertThat(ran.exit()).as("%s: exit code of %s", document, ran).isEqualTo(shown.exit());
      if (!shown.output().isEmpty()) {
        assertThat(masked(Ran.unhurried(ran.out())))
            .as("%s: $ %s", document, shown.command())
            .isEqualTo(masked(shown.output()));
      }
    }
  }

  private static List<Shown> commandsIn(Path document) {
    try {
      return Shown.in(document);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Without what differs from run to run, and without the padding of columns. */
  private static String masked(String text) {
    return text.replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID")
        .replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "TIME")
        .replaceAll("pid(\"?:?) \\d+|pid\":\\d+", "pid$1 N")
        .replaceAll("waited \\d+ ms", "waited N ms")
        .replaceAll("([ug]id\"?:?) ?\\d+", "$1 N")
        .replaceAll("/[A-Za-z0-9_./-]+/(metakeyd.sock|keys|registry.bin|tag)", "PATH/$1")
        .replaceAll("(data\"?:? *\"?)/[A-Za-z0-9_./-]+", "$1PATH")
        .replaceAll("(limit +[a-z_]+): .*", "$1: USE")
        .replaceAll("\"limits\":\\[.*]", "\"limits\":[USES]")
        .replaceAll(" +", " ")
        .strip();
  }
}
