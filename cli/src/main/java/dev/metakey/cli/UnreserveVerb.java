package dev.metakey.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "unreserve",
    footer = "  metakey unreserve acme.tenant",
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_FOUND,
      Exit.NOT_PERMITTED,
      Exit.UNAVAILABLE,
    })
final class UnreserveVerb extends Verb {
  @Parameters(paramLabel = "NAME", description = "The field.")
  String name = "";

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    printer(output).field(ask(client -> client.admin().unreserve(name)));
    return 0;
  }
}
