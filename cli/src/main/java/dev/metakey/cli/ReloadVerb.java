package dev.metakey.cli;

import picocli.CommandLine.Command;

@Command(
    name = "reload",
    footer = {
      "  metakey reload",
      "",
      "The policy, the quarantine, the launchers and the reservations in keys.d count from now on. If",
      "another key has changed, a note says that it counts when metakeyd is started again. If anything",
      "is wrong, all stays as it was. SIGHUP does the same.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      "2:the config or a reservation is wrong, or so is the line",
      Exit.NOT_PERMITTED,
      "7:the daemon has started with a wrong config, and must be started again",
      Exit.UNAVAILABLE,
    })
final class ReloadVerb extends Verb {
  @Override
  public Integer call() {
    String note = ask(client -> client.admin().reload()).value();
    terminal().note(note.isEmpty() ? "the config was read again" : note);
    return 0;
  }
}
