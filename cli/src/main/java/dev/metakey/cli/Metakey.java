package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import dev.metakey.cli.print.Terminal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command itself: the options that every verb has. */
@Command(
    name = "metakey",
    description = "Names, ids and places of per-packet metadata on this host.",
    synopsisSubcommandLabel = "VERB",
    versionProvider = Metakey.Version.class,
    footer = {
      "  metakey register edge.packet_id --size 8",
      "  metakey id edge.packet_id",
      "  metakey list -o json",
      "",
      "'metakey VERB --help' shows a verb's own options, examples and exit codes.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_FOUND,
      Exit.CONFLICT,
      Exit.NOT_PERMITTED,
      "6:no id or slot is left, or too many wait already",
      Exit.CONDITION,
      Exit.UNAVAILABLE,
      Exit.TOO_LATE,
      Exit.UNHEALTHY_TEXT,
      Exit.INTERRUPTED_TEXT,
      Exit.CLOSED_PIPE_TEXT,
    })
final class Metakey implements Callable<Integer> {
  /** The options of all verbs come after a verb's own in its help. */
  private static final int LAST = 100;

  final Terminal terminal;

  @Spec CommandSpec spec;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORM",
      order = LAST - 1,
      description =
          "How to print the answer, where a verb has one to print: ${COMPLETION-CANDIDATES}.")
  @Nullable Output output;

  @Option(
      names = "--socket",
      paramLabel = "PATH",
      order = LAST,
      scope = ScopeType.INHERIT,
      description = "Where the daemon listens (METAKEY_SOCKET; /run/metakey/metakeyd.sock).")
  @Nullable Path socket;

  @Option(
      names = "--service",
      paramLabel = "NAME",
      order = LAST + 1,
      scope = ScopeType.INHERIT,
      description =
          "The service that you are, where the daemon cannot tell by itself (METAKEY_SERVICE;"
              + " the script that calls; metakey).")
  @Nullable String service;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      order = LAST + 2,
      scope = ScopeType.INHERIT,
      description =
          "How long to wait for a daemon that is not up yet, and for its answer, like 500ms or 30s."
              + " By default the answer may take 10s, and only 'register', 'link' and '--wait' wait"
              + " for a daemon.")
  @Nullable Duration timeout;

  @Option(
      names = "--debug",
      order = LAST + 3,
      scope = ScopeType.INHERIT,
      description = "Show where an error comes from (METAKEY_DEBUG).")
  boolean debug;

  @Option(
      names = {"-h", "--help"},
      order = LAST + 4,
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      order = LAST + 5,
      versionHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show the version.")
  boolean version;

  @SuppressWarnings("NullAway.Init") // picocli sets spec
  Metakey(Terminal terminal) {
    this.terminal = terminal;
  }

  /** How to print an answer, if the line says so before the verb; else a table. */
  Output form() {
    return output == null ? Output.TABLE : output;
  }

  /** Without a verb: lists the verbs. */
  @Override
  public Integer call() {
    terminal.err().println("usage: metakey [--socket PATH] VERB ...");
    CommandTree.verbs().forEach((name, does) -> terminal.err().printf("  %-10s %s%n", name, does));
    terminal
        .err()
        .println("'metakey --help' shows the options, 'metakey VERB --help' those of a verb.");
    return CommandLine.ExitCode.USAGE;
  }

  /** From the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Metakey.class.getPackage().getImplementationVersion();
      return new String[] {"metakey " + (version == null ? "(not run from its jar)" : version)};
    }
  }
}
