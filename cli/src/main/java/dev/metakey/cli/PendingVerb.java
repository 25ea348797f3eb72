package dev.metakey.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "pending",
    footer = {
      "  metakey pending",
      "  metakey pending -o name",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_PERMITTED,
      Exit.UNREACHABLE,
    })
final class PendingVerb extends Verb {
  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    printer(output).pending(ask(client -> client.admin().pending()));
    return 0;
  }
}
