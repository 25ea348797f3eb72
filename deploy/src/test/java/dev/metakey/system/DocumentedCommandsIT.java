package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every command that README.md and docs/*.md show does what they show.
 *
 * <p>A fenced block tagged {@code console} is run: each line that starts with {@code "$ "} is a
 * command for bash (lines that start with {@code "> "} continue it), and what follows up to the
 * next one is its output, standard error included; a line {@code ...} stands for any number of
 * lines, and a command without output shown may print what it likes. It must exit with 0, or with
 * what a comment says: {@code # exit 4}. The blocks of a file run in order, in one shell, against a
 * fresh daemon; the standard paths stand for the test's own. Times, UUIDs, pids, versions and
 * measured durations are not compared, nor how wide columns are. Blocks tagged {@code sh} are not
 * run.
 */
class DocumentedCommandsIT {
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final Pattern EXIT = Pattern.compile("# exit (\\d+)\\s*$");

  @RegisterExtension final Host host = new Host();

  /** A command, and what the page shows. */
  private record Command(int line, List<String> words, List<String> output) {
    String text() {
      return String.join("\n", words);
    }

    int exit() {
      Matcher exit = EXIT.matcher(text());
      return exit.find() ? Integer.parseInt(exit.group(1)) : 0;
    }
  }

  static List<Path> pages() throws IOException {
    Path sources = Path.of(System.getProperty("metakey.sources", ".")).toRealPath();
    List<Path> pages = new ArrayList<>(List.of(sources.resolve("README.md")));
    try (Stream<Path> docs = Files.list(sources.resolve("docs"))) {
      docs.filter(page -> page.toString().endsWith(".md")).sorted().forEach(pages::add);
    }
    pages.removeIf(page -> commands(page).isEmpty());
    return pages;
  }

  @ParameterizedTest
  @MethodSource("pages")
  void page_whenItsCommandsAreRun_showsWhatTheyPrint(Path page) throws Exception {
    Requires.root(); // the pages show root at work
    Requires.claimedServices();
    host.start();
    List<Command> commands = commands(page);
    Path script = host.root().resolve("commands.sh");
    Path results = Files.createDirectory(host.root().resolve("results"));
    Files.writeString(script, script(commands, results));
    ProcessBuilder bash = host.process(List.of("bash", script.toString()));
    String path = host.image().bin("metakey").getParent() + ":" + System.getenv("PATH");
    bash.environment().put("PATH", path);
    Ran.of(bash, PATIENCE).ok();
    for (int i = 0; i < commands.size(); i++) {
      Command command = commands.get(i);
      String output = Files.readString(results.resolve(i + ".out"));
      assertThat(Files.readString(results.resolve(i + ".exit")).strip())
          .as("%s:%d: exit code of%n%s%n%s", page, command.line, command.text(), output)
          .isEqualTo(Integer.toString(command.exit()));
      if (!command.output.isEmpty()) {
        String shown = String.join("\n", command.output);
        assertThat(masked(output))
            .as("%s:%d: output of%n%s%nwhich is%n%s", page, command.line, command.text(), output)
            .matches(pattern(shown));
      }
    }
    System.out.printf("%s: %d commands%n", page.getFileName(), commands.size());
  }

  private String script(List<Command> commands, Path results) {
    StringBuilder script = new StringBuilder();
    for (int i = 0; i < commands.size(); i++) {
      script
          .append("{\n")
          .append(privatePaths(commands.get(i).text()))
          .append("\n} > %s/%d.out 2>&1 < /dev/null\n".formatted(results, i))
          .append("echo $? > %s/%d.exit\n".formatted(results, i));
    }
    return script.toString();
  }

  private String privatePaths(String text) {
    return text.replace("/run/metakey", host.run().toString())
        .replace("/var/lib/metakey", host.data().toString())
        .replace("/etc/metakey", host.root().toString());
  }

  /** What is not compared looks the same everywhere. */
  private String masked(String text) {
    return text.replace(host.run().toString(), "/run/metakey")
        .replace(host.data().toString(), "/var/lib/metakey")
        .replace(host.root().toString(), "/etc/metakey")
        .replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID")
        .replaceAll("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z", "TIME")
        .replaceAll("(pid\"?:? ?=?)\\d+", "$1PID")
        .replaceAll("\\d+\\.\\d+\\.\\d+(-SNAPSHOT)?", "VERSION")
        .replaceAll("\\b\\d+ ms\\b", "N ms")
        .replaceAll("[ \t]+", " ")
        .replaceAll("(?m) $", "")
        .strip();
  }

  private Pattern pattern(String shown) {
    StringBuilder pattern = new StringBuilder();
    for (String line : masked(shown).split("\n", -1)) {
      pattern.append(line.equals("...") ? "(?:.*\n)*?" : Pattern.quote(line) + "\n");
    }
    String whole = pattern.toString();
    return Pattern.compile(
        whole.endsWith("\n") ? whole.substring(0, whole.length() - 1) : whole + ".*");
  }

  private static List<Command> commands(Path page) {
    List<Command> commands = new ArrayList<>();
    boolean inBlock = false;
    int number = 0;
    for (String line : lines(page)) {
      number++;
      if (line.startsWith("```")) {
        inBlock = line.equals("```console");
      } else if (inBlock && line.startsWith("$ ")) {
        commands.add(
            new Command(number, new ArrayList<>(List.of(line.substring(2))), new ArrayList<>()));
      } else if (inBlock) {
        Command last = commands.get(commands.size() - 1);
        boolean continued = line.startsWith("> ") && last.output.isEmpty();
        (continued ? last.words : last.output).add(continued ? line.substring(2) : line);
      }
    }
    return commands;
  }

  private static List<String> lines(Path page) {
    try {
      return Files.readAllLines(page);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
