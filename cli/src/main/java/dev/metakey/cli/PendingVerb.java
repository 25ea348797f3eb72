package dev.metakey.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "pending",
    description = "List who waits for which names (admins).",
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  metakey pending",
      "  metakey pending -o name",
    },
    exitCodeListHeading = Exit.HEADING,
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_PERMITTED,
      Exit.UNAVAILABLE,
    })
final class PendingVerb extends Verb {
  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    printer(output).pending(ask(client -> client.pending()));
    return 0;
  }
}
