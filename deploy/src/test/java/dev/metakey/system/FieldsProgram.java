package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A program in another language that registers the field it is given and prints what a watch tells:
 * docs/other-languages.md has the same program in each language.
 */
final class FieldsProgram {
  private static final Path PAGE =
      Path.of(System.getProperty("metakey.sources", "..")).resolve("docs/other-languages.md");

  private FieldsProgram() {}

  /** The block of the page whose first line begins with this. */
  static String documented(String begins) throws IOException {
    List<String> lines = Files.readAllLines(PAGE);
    int first = 0;
    while (!lines.get(first).startsWith(begins)) {
      first++;
    }
    List<String> rest = lines.subList(first, lines.size());
    return String.join("\n", rest.subList(0, rest.indexOf("```"))) + "\n";
  }

  /**
   * Runs the program against the host's daemon: it registers, watches, and reads why it is refused.
   */
  static void tryOut(Host host, List<String> command) throws Exception {
    host.start();
    Path said = host.root().resolve("said");
    Process watching = with(host, command, "edge.other").redirectOutput(said.toFile()).start();
    host.closeLater(watching::destroyForcibly);
    Host.await("the whole state", () -> Files.readString(said).equals("edge.other 0\nstate 1\n"));
    host.cli("register", "edge.next", "--size", "4").ok();
    Host.await("the change", () -> Files.readString(said).endsWith("changes 2\n"));

    Ran refused = Ran.of(with(host, command, "No Name"), Host.PATIENCE).exits(1);
    assertThat(refused.err()).contains("INVALID_NAME");
  }

  private static ProcessBuilder with(Host host, List<String> command, String name) {
    List<String> words = new ArrayList<>(command);
    words.add(name);
    return host.process(words);
  }
}
