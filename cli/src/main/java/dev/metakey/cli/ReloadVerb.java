package dev.metakey.cli;

import picocli.CommandLine.Command;

@Command(
    name = "reload",
    footer = {
      "  metakey reload",
      "",
      "The policy counts from now on; other keys count when metakeyd is started again. If anything in",
      "the config is wrong, the old policy stays. SIGHUP does the same.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      "2:the config is wrong, or so is the line",
      Exit.NOT_PERMITTED,
      "7:the daemon has started with a wrong config, and must be started again",
      Exit.UNAVAILABLE,
    })
final class ReloadVerb extends Verb {
  @Override
  public Integer call() {
    String note = ask(client -> client.admin().reload()).value();
    terminal().note(note.isEmpty() ? "the policy was read again" : note);
    return 0;
  }
}
