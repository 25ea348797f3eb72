package dev.metakey.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.metakey.cli.print.Terminal;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The pages that the build makes, and those that are written by hand. */
class ManPagesTest {
  private static final Path WRITTEN = Path.of("../deploy/src/image/share/man");

  @TempDir static Path dir;

  @BeforeAll
  static void write() throws IOException {
    ManPages.write(dir, "2026-01-01", "metakey 0.1.0");
  }

  private static CommandLine root() {
    Terminal.Kind kind = Terminal.Kind.OTHER;
    return CommandTree.all(
        new Terminal(new StringWriter(), kind, new StringWriter(), kind, Map.of(), () -> ""));
  }

  static Stream<CommandLine> commands() {
    CommandLine root = root();
    return Stream.concat(Stream.of(root), root.getSubcommands().values().stream());
  }

  private static Path page(CommandLine command) {
    return dir.resolve(command.getCommandSpec().qualifiedName("-") + ".1");
  }

  /** The page as somebody reads it, without the escapes of roff. */
  private static String read(CommandLine command) throws IOException {
    return Files.readString(page(command)).replaceAll("\\\\f[BIR]", "").replace("\\-", "-");
  }

  @ParameterizedTest
  @MethodSource("commands")
  void page_ofEachCommand_saysWhatItsHelpSays(CommandLine command) throws IOException {
    var usage = command.getCommandSpec().usageMessage();
    String text = read(command).replace('\n', ' ');

    for (OptionSpec option : command.getCommandSpec().options()) {
      if (!option.inherited()) {
        assertThat(text).contains(option.names()).contains(option.description());
      }
    }
    assertThat(text).contains(usage.exitCodeList().values());
    for (String line : usage.footer()) {
      assertThat(text).contains(line.strip());
    }
    assertThat(text).contains("SH NAME", "SH SYNOPSIS", "SH EXAMPLES", "SH SEE ALSO");
  }

  @Test
  void page_ofACommandThatNamesOthers_refersToThem() throws IOException {
    CommandLine release = root().getSubcommands().get("release");

    assertThat(read(release))
        .endsWith("metakey-show (1),\n.BR metakey-users (1),\n.BR metakeyd (8)\n");
  }

  @Test
  void pages_whenMadeAgain_haveTheSameBytes(@TempDir Path again) throws IOException {
    ManPages.write(again, "2026-01-01", "metakey 0.1.0");

    for (Path page : pages(dir)) {
      assertThat(again.resolve(page.getFileName())).hasSameBinaryContentAs(page);
    }
    assertThat(pages(again)).hasSameSizeAs(pages(dir));
  }

  private static List<Path> pages(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @Test
  void pages_whenChecked_giveNoWarning() throws Exception {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(":", -1))
            .anyMatch(path -> Files.isExecutable(Path.of(path, "mandoc"))),
        "missing: mandoc");
    List<String> command = new ArrayList<>(List.of("mandoc", "-Tlint", "-Wwarning"));
    pages(dir).forEach(page -> command.add(page.toString()));
    pages(WRITTEN).forEach(page -> command.add(page.toString()));

    Process mandoc = new ProcessBuilder(command).redirectErrorStream(true).start();

    assertThat(new String(mandoc.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEmpty();
    assertThat(mandoc.waitFor()).isZero();
  }
}
