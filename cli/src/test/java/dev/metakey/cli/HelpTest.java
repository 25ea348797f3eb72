package dev.metakey.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.metakey.cli.print.Terminal;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** What the help and the documentation promise. */
class HelpTest {
  private static final Path DOCUMENT = Path.of("../docs/cli.md");
  private static final String PROMPT = "metakey ";

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

  private static CommandLine root() {
    Terminal.Kind kind = Terminal.Kind.OTHER;
    return CommandTree.all(
        new Terminal(new StringWriter(), kind, new StringWriter(), kind, Map.of(), () -> ""));
  }

  static Collection<CommandLine> verbs() {
    return root().getSubcommands().values();
  }

  /** All but one without an end that prints nothing: ProcessTest runs such. */
  static Stream<String> examples() {
    return Stream.concat(Stream.of(root()), verbs().stream())
        .flatMap(HelpTest::examplesOf)
        .filter(example -> !example.contains("watch --exec"));
  }

  private static Stream<String> examplesOf(CommandLine line) {
    return Arrays.stream(line.getCommandSpec().usageMessage().footer())
        .map(String::strip)
        .filter(text -> text.startsWith(PROMPT));
  }

  @ParameterizedTest
  @MethodSource("verbs")
  void verb_whenAskedForHelp_hasASentenceExamplesAndExitCodes(CommandLine verb) {
    var usage = verb.getCommandSpec().usageMessage();

    assertThat(usage.description()).hasSize(1);
    assertThat(usage.description()[0]).endsWith(".").hasSizeLessThan(100);
    assertThat(examplesOf(verb))
        .isNotEmpty()
        .allMatch(e -> e.startsWith(PROMPT + verb.getCommandName()));
    assertThat(usage.exitCodeList()).isNotEmpty().containsKeys("1", "2");
    Run.Result help = Run.alone().metakey(verb.getCommandName(), "--help");
    assertThat(help.exit()).isZero();
    assertThat(help.out()).contains("\nExamples:\n", "\nExit codes:\n");
    assertThat(help.out().lines()).allMatch(line -> line.length() <= 100);
    assertThat(Run.alone().metakey("help", verb.getCommandName())).isEqualTo(help);
  }

  @ParameterizedTest
  @MethodSource("examples")
  void example_whenRun_works(String example) throws IOException {
    String[] args = Run.words(example.substring(PROMPT.length()));
    for (int i = 0; i < args.length; i++) {
      args[i] =
          args[i]
              .replaceAll("^prog.bpf.o$", "src/test/resources/objects/prog.bpf.o")
              .replaceAll("^(linked.bpf.o|values.bt|fields.h)$", dir + "/$1")
              .replaceAll(
                  "^(/var/backups/metakey|fields.yaml|fields.py)$", file("a.backup").toString());
    }
    boolean endless =
        List.of(args).contains("watch") || (args[0].equals("trace") && !isCounted(args));
    Run run = Run.at(daemon);
    if (endless) {
      run.outTo(Terminal.Kind.PIPE).outEndsAfter(1);
    }

    Run.Result result;
    try (FakeTap tap = new FakeTap(dir)) {
      tap.prints(FakeTap.received(FakeDaemon.PACKET_ID, 4711));
      result = run.metakey(args);
    }

    boolean isDryRun =
        args[0].equals("plan")
            || List.of(args).contains("--check")
            || (args[0].equals("restore") && !List.of(args).contains("--yes"))
            || (List.of(args).contains("--dry-run") && args[0].equals("import"));
    boolean isOfThisHost = args[0].equals("doctor"); // which lacks what the daemon claims
    assertThat(result.exit())
        .as(result.err())
        .isEqualTo(endless ? 141 : isDryRun ? 11 : isOfThisHost ? 10 : 0);
    boolean isInAFile = List.of(args).contains(dir + "/fields.h");
    assertThat(
            result.out()
                + result.err()
                + (isInAFile ? Files.readString(dir.resolve("fields.h")) : ""))
        .isNotEmpty();
  }

  /** A file of this name, which is there. */
  private Path file(String name) throws IOException {
    return Files.write(dir.resolve(name), new byte[0]);
  }

  private static boolean isCounted(String... args) {
    return List.of(args).contains("-n");
  }

  /**
   * Lines of the documentation that are typed: {@code $ metakey ...}, up to a pipe or a comment.
   */
  static List<String> documented() throws IOException {
    return Files.readAllLines(DOCUMENT).stream()
        .filter(line -> line.startsWith("$ " + PROMPT))
        .map(line -> line.substring(2 + PROMPT.length()).replaceAll(" [|#&>].*", ""))
        .toList();
  }

  @Test
  void documentation_whenItShowsALine_showsOneThatCanBeRead() throws IOException {
    for (String line : documented()) {
      String[] args = Run.words(line);
      boolean isWrongOnPurpose = line.contains("--size 3") || line.contains("--sate");
      if (!isWrongOnPurpose) {
        root().parseArgs(args);
      }
    }
    assertThat(documented()).hasSizeGreaterThan(20);
  }

  @Test
  void documentation_whenItListsVerbs_listsAllOfThem() throws IOException {
    String text = Files.readString(DOCUMENT);

    assertThat(root().getSubcommands().keySet()).allMatch(verb -> text.contains("## " + verb));
  }

  /** Completion takes the values of an option by its label. */
  @ParameterizedTest
  @MethodSource("verbs")
  void completion_whenTwoOptionsHaveValues_tellsThemApart(CommandLine verb) {
    Map<String, Class<?>> types = new HashMap<>();
    verb.getCommandSpec().options().stream()
        .filter(option -> option.completionCandidates() != null)
        .forEach(
            option ->
                assertThat(types.put(option.paramLabel(), option.type()))
                    .as(option.longestName())
                    .isIn(null, option.type()));
  }

  @Test
  void completion_whenFormatIsCompleted_givesFormats() throws Exception {
    Path script = dir.resolve("completion");
    Files.writeString(script, Run.alone().metakey("generate-completion").out());
    String line =
        "source '%s'; COMP_WORDS=(metakey register --%s ''); COMP_CWORD=3; _complete_metakey; echo ${COMPREPLY[*]}";

    assertThat(bash(line.formatted(script, "format"))).contains("ipv4").doesNotContain("block");
    assertThat(bash(line.formatted(script, "merge"))).contains("block").doesNotContain("ipv4");
    assertThat(bash(line.formatted(script, "output"))).contains("jsonl").doesNotContain("ipv4");
  }

  private static final String KEYS =
      """
      # metakey keys: made by metakeyd from each committed change; do not edit
      # registry=6f2d1c1e-7f4b-4c39-9d0a-5a1f2f1f6f10 revision=41
      0 edge.packet_id # size=8 slot=24 owner=unit:edge-xdp.service
      1 edge.client_ip # size=4 slot=28 owner=unit:edge-xdp.service,1000:other
      # 2 edge.zone # size=2 slot=30 state=retired owner=unit:edge-xdp.service
      3 web.user # size=4 slot=32 owner=1000:edge-web
      64 kernel.rx_timestamp # size=8
      """;

  /** What a shell offers behind the words of a line; the last of them is not complete. */
  private static String offered(String shell, String... words) throws Exception {
    Path script = dir.resolve("live-completion");
    Files.writeString(script, Run.alone().metakey("generate-completion").out());
    String line =
        "source '%s'; COMP_WORDS=(metakey %s); COMP_CWORD=%d; _complete_metakey_live 2> '%s'; echo ${COMPREPLY[*]}"
            .formatted(script, String.join(" ", words), words.length, dir.resolve("err"));
    String prelude =
        shell.equals("zsh")
            ? "compdef() { :; }; autoload -U bashcompinit; bashcompinit; emulate sh -o kshglob -o noshglob -o braceexpand; "
            : "";
    ProcessBuilder builder = new ProcessBuilder(shell, "-c", prelude + line);
    builder.environment().put("METAKEY_SOCKET", dir.resolve("published/metakeyd.sock").toString());
    Process process = builder.redirectErrorStream(true).start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
  }

  private static void publish() throws IOException {
    Files.createDirectories(dir.resolve("published"));
    Files.writeString(dir.resolve("published/keys"), KEYS);
  }

  private static void offersNames(String shell) throws Exception {
    publish();
    String both = "edge.packet_id edge.client_ip";
    assertThat(offered(shell, "show", "edge.p")).isEqualTo("edge.packet_id");
    assertThat(offered(shell, "-o", "json", "resolve", "edge.packet_id", "edge.")).isEqualTo(both);
    assertThat(offered(shell, "gen", "c", "edge.")).isEqualTo(both);
    assertThat(offered(shell, "history", "--name", "kern")).isEqualTo("kernel.rx_timestamp");
    assertThat(offered(shell, "release", "--now", "edge.c")).isEqualTo("edge.client_ip");
    // What is no name is offered as ever.
    assertThat(offered(shell, "gen", "rt")).contains("rt_tables"); // zsh itself leaves out others
    assertThat(offered(shell, "show", "--he")).contains("--help");
    assertThat(offered(shell, "sho")).contains("show");
    assertThat(offered(shell, "list", "-o", "jsonl")).contains("jsonl");
    assertThat(offered(shell, "--socket", dir + "/none/s", "show", "edge.")).isEmpty();
  }

  @Test
  void completion_whenNamesArePublished_offersThemInBash() throws Exception {
    offersNames("bash");
  }

  private static void requires(String command) {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(":", -1))
            .anyMatch(path -> Files.isExecutable(Path.of(path, command))),
        "missing: " + command);
  }

  @Test
  void completion_whenNamesArePublished_offersThemInZsh() throws Exception {
    requires("zsh");
    offersNames("zsh");
  }

  /** What a shell prints that has the published names of {@link #KEYS}. */
  private static List<String> shell(String... command) throws Exception {
    publish();
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("METAKEY_SOCKET", dir.resolve("published/metakeyd.sock").toString());
    Process process = builder.redirectErrorStream(true).start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
        .lines()
        .toList();
  }

  /** zsh finds the file in its path of functions, and asks it at the first completion already. */
  @Test
  void completion_whenZshLoadsItByItself_offersNames() throws Exception {
    requires("zsh");
    Path functions = Files.createDirectories(dir.resolve("vendor-completions"));
    Files.writeString(
        functions.resolve("_metakey"), Run.alone().metakey("generate-completion", "zsh").out());
    String line =
        "fpath=('%s' $fpath); autoload -Uz _metakey; compdef() { :; }; compset() { return 1; };"
            + " compadd() { print -rl -- $@; };"
            + " words=(metakey show edge.p); CURRENT=3; _metakey; words=(metakey sta); CURRENT=2; _metakey";

    assertThat(shell("zsh", "-fc", line.formatted(functions)))
        .contains("edge.packet_id", "status")
        .doesNotContain("edge.client_ip"); // zsh itself leaves out other verbs
  }

  /** Without the description behind each. */
  private static List<String> offeredByFish(String line) throws Exception {
    Path script = dir.resolve("metakey.fish");
    Files.writeString(script, Run.alone().metakey("generate-completion", "fish").out());
    return shell("fish", "--no-config", "-c", "source " + script + "; complete -C '" + line + "'")
        .stream()
        .map(offer -> offer.replaceFirst("\t.*", ""))
        .toList();
  }

  @Test
  void completion_whenNamesArePublished_offersThemInFish() throws Exception {
    requires("fish");

    assertThat(offeredByFish("metakey show edge.p")).containsExactly("edge.packet_id");
    assertThat(offeredByFish("metakey -o json resolve edge.packet_id kern"))
        .containsExactly("kernel.rx_timestamp");
    assertThat(offeredByFish("metakey gen c web.")).containsExactly("web.user");
    assertThat(offeredByFish("metakey history --name edge.c")).containsExactly("edge.client_ip");
    assertThat(offeredByFish("metakey list --owner edge"))
        .containsExactlyInAnyOrder("edge-web", "edge-xdp.service");
    assertThat(offeredByFish("metakey transfer edge.packet_id --to edge-w"))
        .containsExactly("edge-web");
    assertThat(offeredByFish("metakey --socket " + dir + "/none/s show edge.")).isEmpty();
  }

  @Test
  void completion_whenAskedInFish_knowsVerbsOptionsAndValues() throws Exception {
    requires("fish");

    assertThat(offeredByFish("metakey sta")).containsExactly("status");
    assertThat(offeredByFish("metakey help sta")).containsExactly("status");
    assertThat(offeredByFish("metakey list --orp")).containsExactly("--orphans");
    assertThat(offeredByFish("metakey show --orp")).isEmpty();
    assertThat(offeredByFish("metakey show --sock")).containsExactly("--socket");
    assertThat(offeredByFish("metakey list -o jsonl")).containsExactly("jsonl");
    assertThat(offeredByFish("metakey gen rt")).containsExactly("rt_tables");
    assertThat(offeredByFish("metakey read-only o")).containsExactlyInAnyOrder("on", "off");
    Files.writeString(dir.resolve("plan.yaml"), "");
    assertThat(offeredByFish("metakey plan " + dir + "/pla")).containsExactly(dir + "/plan.yaml");
    assertThat(offeredByFish("metakey list " + dir + "/pla")).isEmpty();
  }

  /** An option or a verb that somebody forgot, in whatever shell. */
  @ParameterizedTest
  @MethodSource("verbs")
  void completion_ofEachVerb_isInEachScript(CommandLine verb) {
    for (String shell : List.of("bash", "zsh", "fish")) {
      String script = Run.alone().metakey("generate-completion", shell).out();
      if (!verb.getCommandSpec().usageMessage().hidden()) {
        assertThat(script).contains(verb.getCommandName());
      }
      for (OptionSpec option : verb.getCommandSpec().options()) {
        assertThat(script).contains(option.longestName().substring(2));
      }
    }
  }

  /** A pipe that nobody writes to would hold whoever reads it. */
  @Test
  void completion_whenKeysIsNoFile_doesNotWait() throws Exception {
    Path directory = Files.createDirectories(dir.resolve("pipe"));
    assertThat(new ProcessBuilder("mkfifo", directory + "/keys").start().waitFor()).isZero();

    assertThat(offered("bash", "--socket", directory + "/s", "show", "edge.")).isEmpty();
  }

  @Test
  void completion_whenOwnersArePublished_offersEachOnce() throws Exception {
    publish();

    assertThat(offered("bash", "list", "--owner", "edge")).isEqualTo("edge-xdp.service edge-web");
    assertThat(offered("bash", "transfer", "edge.packet_id", "--to", "edge-w"))
        .isEqualTo("edge-web");
  }

  private static String bash(String script) throws Exception {
    Process bash = new ProcessBuilder("bash", "-c", script).redirectErrorStream(true).start();
    return new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void help_whenTheTerminalIsNarrow_isNotWider() {
    for (String line : List.of("register --help", "--help", "help link")) {
      Run.Result help = Run.alone().with("COLUMNS", "72").metakey(Run.words(line));
      assertThat(help.out().lines().filter(text -> !text.startsWith("  metakey ")))
          .as(line)
          .allMatch(text -> text.length() <= 72);
    }
    assertThat(Run.alone().with("COLUMNS", "160").metakey("register", "--help").out().lines())
        .anyMatch(text -> text.length() > 100);
  }

  @Test
  void completion_whenGenerated_isAScriptThatBashReads() throws Exception {
    Path script = dir.resolve("completion");
    Files.writeString(script, Run.alone().metakey("generate-completion").out());

    Process bash = new ProcessBuilder("bash", "-n", script.toString()).start();

    assertThat(bash.waitFor()).isZero();
    assertThat(Files.readString(script)).contains("_complete_metakey", "keep_first", "unreserve");
  }

  @Test
  void version_whenAsked_isPrinted() {
    assertThat(Run.alone().metakey("--version").out()).startsWith("metakey ");
    assertThat(Run.alone().metakey("list", "-V").exit()).isZero();
  }
}
