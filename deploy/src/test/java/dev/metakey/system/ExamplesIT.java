package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the READMEs of {@code deploy/examples} show is true: the commands of each are run by one
 * shell, in a lab of its own, against a fresh daemon.
 */
@Order(1)
@LoadedPrograms.LoadedAndSeen
class ExamplesIT {
  /**
   * Stands in for the {@code make} that every example begins with, and copies what was built once.
   */
  private static final String MAKE = "#!/bin/sh\nexec cp -r %s/build .\n";

  @TempDir static Path made;

  @RegisterExtension final Host host = new Host().seeingPrograms();

  static Stream<String> examples() throws IOException {
    try (Stream<Path> folders = Files.list(Lab.example(""))) {
      return folders
          .map(folder -> folder.resolve("README.md"))
          .filter(readme -> Files.exists(readme) && !shownIn(readme).isEmpty())
          .map(readme -> readme.getParent().getFileName().toString())
          .sorted()
          .toList()
          .stream();
    }
  }

  private static List<Shown> shownIn(Path readme) {
    try {
      return Shown.in(readme);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @BeforeAll
  static void makeOnce() throws Exception {
    Requires.bpf();
    Requires.program("make");
    Ran.of(copied(made), Host.PATIENCE).ok();
    ProcessBuilder make = new ProcessBuilder("make").directory(made.toFile());
    make.environment().put("INCLUDE", CBuild.headers().toString());
    Ran.of(make, Host.PATIENCE).ok();
  }

  private static ProcessBuilder copied(Path to) {
    return new ProcessBuilder("cp", "-r", Lab.example("") + "/.", to.toString());
  }

  @ParameterizedTest
  @MethodSource("examples")
  void commands_whenRunInOrder_printWhatIsShown(String example) throws Exception {
    Requires.program("xdp-loader");
    host.start();
    Path examples = host.root().resolve("examples");
    Ran.of(copied(examples), Host.PATIENCE).ok();
    Path make = Files.createDirectory(host.root().resolve("bin")).resolve("make");
    Files.writeString(make, MAKE.formatted(made));
    Files.setPosixFilePermissions(make, PosixFilePermissions.fromString("rwxr-xr-x"));
    host.set(
        "PATH",
        "%s:%s:%s"
            .formatted(
                make.getParent(), host.image().root().resolve("bin"), System.getenv("PATH")));
    host.set("METAKEY_RUN", host.run().toString());
    host.set("IMAGE", host.image().root().toString());
    host.set("NO_COLOR", "1");

    List<Shown> shown = shownIn(examples.resolve(example).resolve("README.md"));
    Ran shell = Lab.open(host).run(script(shown, examples));
    for (int i = 0; i < shown.size(); i++) {
      Shown command = shown.get(i);
      Path out = host.root().resolve("out." + i);
      assertThat(out)
          .as("%s: was not reached: $ %s; %s", example, command.command(), shell)
          .exists();
      String[] said = Files.readString(out).split("exit code (?=\\d+\\n$)", 2);
      assertThat(said[1].strip())
          .as("%s: exit code of $ %s, which said: %s", example, command.command(), said[0])
          .isEqualTo(Integer.toString(command.exit()));
      if (!command.output().isEmpty()) {
        assertThat(masked(said[0]))
            .as("%s: $ %s", example, command.command())
            .isEqualTo(masked(command.output()));
      }
    }
  }

  /** One script for all commands, as some of them go on in the background. */
  private String script(List<Shown> shown, Path examples) {
    StringBuilder script = new StringBuilder("cd %s%n".formatted(examples));
    for (int i = 0; i < shown.size(); i++) {
      script.append(
          "{ %s%n } > ../out.%d 2>&1; echo \"exit code $?\" >> ../out.%2$d%n"
              .formatted(shown.get(i).command(), i));
    }
    return script.toString();
  }

  /** Without hashes, which differ from run to run, and without the padding of columns. */
  private static String masked(String text) {
    return text.replaceAll("(\"last_hash\": )\\d+", "$1 N").replaceAll("\\s+", " ").strip();
  }
}
