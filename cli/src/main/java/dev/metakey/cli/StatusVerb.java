package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import dev.metakey.cli.print.Printer;
import dev.metakey.client.Answer;
import dev.metakey.model.DaemonStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "status",
    footer = {
      "  metakey status",
      "  metakey status --timeout 1s -o json",
    },
    exitCodeList = {
      "0:the daemon is well",
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.UNREACHABLE,
      Exit.UNHEALTHY_TEXT,
    })
final class StatusVerb extends Verb {
  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    if (form(output) == Output.NAME) {
      throw wrong("a daemon has no names to print; use table, wide, json or jsonl");
    }
    Answer<DaemonStatus> answer = ask(client -> client.status());
    printer(output).status(answer);
    return Printer.isHealthy(answer.value()) ? 0 : Exit.UNHEALTHY;
  }
}
