package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "header",
    footer = {
      "  metakey header",
      "  metakey header -o json",
    },
    exitCodeList = {Exit.OK, Exit.DEFECT, Exit.BAD_INPUT, Exit.NOWHERE})
final class HeaderVerb extends Verb {
  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    if (form(output) == Output.NAME) {
      throw wrong("a header has no names; 'metakey list -o name' prints those");
    }
    printer(output).header(read(client -> client.header()));
    return 0;
  }
}
