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

/**
 * What the documents show is true. In a fenced block tagged {@code console}, every line that starts
 * with {@code $ } is run, file by file, in order, against a fresh daemon. The lines below it, up to
 * the next, are what it prints to stdout and stderr (none: that does not matter). A comment {@code
 * # exit N} says with which code it ends, if not 0.
 */
class DocsIT {
  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();

  @RegisterExtension final Host host = new Host();

  /** A command, how it should end, and what it should print. */
  private record Shown(String command, int exit, String output) {}

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
    host.start();
  }

  @ParameterizedTest
  @MethodSource("documents")
  void commands_whenRunInOrder_printWhatIsShown(Path document) throws Exception {
    for (Shown shown : commandsIn(PROJECT.resolve(document))) {
      Ran ran =
          Ran.of(host.process(List.of("sh", "-c", "exec 2>&1; " + shown.command)), Host.PATIENCE);
      assertThat(ran.exit()).as("%s: exit code of %s", document, ran).isEqualTo(shown.exit);
      if (!shown.output.isEmpty()) {
        assertThat(masked(ran.out()))
            .as("%s: $ %s", document, shown.command)
            .isEqualTo(masked(shown.output));
      }
    }
  }

  private static List<Shown> commandsIn(Path document) {
    List<Shown> commands = new ArrayList<>();
    boolean inBlock = false;
    for (String line : lines(document)) {
      if (line.startsWith("```")) {
        inBlock = line.equals("```console");
      } else if (inBlock && line.startsWith("$ ")) {
        String[] parts = line.substring(2).split("  # exit ", 2);
        int exit = parts.length == 2 ? Integer.parseInt(parts[1].trim()) : 0;
        commands.add(new Shown(parts[0], exit, ""));
      } else if (inBlock && !commands.isEmpty()) {
        Shown last = commands.remove(commands.size() - 1);
        commands.add(new Shown(last.command, last.exit, last.output + line + "\n"));
      }
    }
    return commands;
  }

  private static List<String> lines(Path document) {
    try {
      return Files.readAllLines(document);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** What differs from run to run is not looked at, nor is how columns are filled up. */
  private static String masked(String text) {
    return text.replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID")
        .replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "TIME")
        .replaceAll("pid(\"?:?) \\d+|pid\":\\d+", "pid$1 N")
        .replaceAll("waited \\d+ ms", "waited N ms")
        .replaceAll("([ug]id\"?:?) ?\\d+", "$1 N")
        .replaceAll("/[A-Za-z0-9_./-]+/(metakeyd.sock|keys|registry.bin)", "PATH/$1")
        .replaceAll("(data\"?:? *\"?)/[A-Za-z0-9_./-]+", "$1PATH")
        .replaceAll(" +", " ")
        .strip();
  }
}
