package dev.metakey.cli;

import dev.metakey.cli.print.Terminal;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Writes the manual pages of the command and of each verb, from the same model as the help. The
 * build calls it; nobody else needs it.
 */
public final class ManPages {
  /** What the help of no verb says. */
  private static final Map<String, String> ENVIRONMENT = new LinkedHashMap<>();

  private static final Map<String, String> FILES = new LinkedHashMap<>();

  static {
    ENVIRONMENT.put("METAKEY_SOCKET", "As --socket.");
    ENVIRONMENT.put("METAKEY_SERVICE", "As --service.");
    ENVIRONMENT.put(
        "METAKEY_RUN",
        "Where the daemon publishes registry.bin, which answers while it is gone; by default the"
            + " directory of the socket.");
    ENVIRONMENT.put("METAKEY_DEBUG", "As --debug.");
    ENVIRONMENT.put("NO_COLOR", "If it is set: no colour, even on a terminal.");
    ENVIRONMENT.put("COLUMNS", "How wide tables and help are; by default as wide as the terminal.");
    ENVIRONMENT.put("METAKEY_JAVA_OPTS", "More options for the JVM.");
    FILES.put("/run/metakey/metakeyd.sock", "Where the daemon listens.");
    FILES.put("/run/metakey/keys", "All names with their ids, which 'metakey id' reads first.");
    FILES.put("/run/metakey/registry.bin", "What answers while the daemon is gone.");
  }

  private ManPages() {}

  /**
   * @param args the directory to write to, and the date of the program
   */
  public static void main(String[] args) throws IOException {
    String version = new Metakey.Version().getVersion()[0];
    write(Path.of(args[0]), args[1], version);
  }

  static void write(Path directory, String date, String version) throws IOException {
    Files.createDirectories(directory);
    Terminal.Kind kind = Terminal.Kind.OTHER;
    Writer nowhere = Writer.nullWriter();
    CommandLine all =
        CommandTree.all(new Terminal(nowhere, kind, nowhere, kind, Map.of(), () -> ""));
    Map<String, CommandLine> verbs = all.getSubcommands();
    Map<String, String> sentences = new LinkedHashMap<>();
    for (Map.Entry<String, CommandLine> verb : verbs.entrySet()) {
      CommandSpec spec = verb.getValue().getCommandSpec();
      if (!spec.usageMessage().hidden()) {
        sentences.put(spec.name(), ManPage.sentence(spec));
      }
      ManPage page = new ManPage(verb.getValue(), verbs.keySet());
      page.begin(date, version)
          .options(
              "The options of all verbs, such as --socket and --timeout, are described in"
                  + " metakey(1).")
          .exitCodes()
          .examples()
          .seeAlso();
      write(directory, page);
    }
    ManPage page = new ManPage(all, verbs.keySet());
    page.begin(date, version)
        .list("VERBS", sentences)
        .options("They may stand before or after the verb.")
        .exitCodes()
        .list("ENVIRONMENT", ENVIRONMENT)
        .list("FILES", FILES)
        .examples()
        .seeAlso();
    write(directory, page);
  }

  private static void write(Path directory, ManPage page) throws IOException {
    Files.writeString(
        directory.resolve(page.name() + ".1"), page.toString(), StandardCharsets.UTF_8);
  }
}
