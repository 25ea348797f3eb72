package dev.metakey.cli;

import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "read-only",
    footer = {
      "  metakey read-only on --reason 'moving the disk'",
      "  metakey read-only off",
      "",
      "While it is on, changes are refused (exit code 7), nothing expires and no id is freed. What is known is",
      "answered as ever, registrations of known fields included. It outlasts a restart of the daemon.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_PERMITTED,
      "7:the daemon has started read-only by itself",
      Exit.UNAVAILABLE,
    })
final class ReadOnlyVerb extends Verb {
  /** Whether changes are to be refused. */
  enum Mode {
    ON,
    OFF;

    /** The name in lower case. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Parameters(paramLabel = "on|off", description = "Whether changes are refused.")
  Mode mode = Mode.OFF;

  @Option(names = "--reason", paramLabel = "TEXT", description = "What for; others are told.")
  String reason = "";

  @Override
  public Integer call() {
    if (mode == Mode.OFF && !reason.isEmpty()) {
      throw wrong("--reason goes with 'on'");
    }
    String why = ask(client -> client.admin().readOnly(mode == Mode.ON, reason)).value();
    terminal().note(why.isEmpty() ? "changes are taken again" : why);
    return 0;
  }
}
