package dev.metakey.cli;

import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "resolve",
    footer = {
      "  metakey resolve edge.packet_id",
      "  metakey resolve edge.packet_id edge.client_ip --wait 30s -o json",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_FOUND,
      Exit.TOO_MANY,
      Exit.NOWHERE,
      Exit.TOO_LATE,
    })
final class ResolveVerb extends Verb {
  @Parameters(paramLabel = "NAME", arity = "1..*", description = "The fields.")
  List<String> names = List.of();

  @Mixin WaitOption wait = new WaitOption();
  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    printer(output).fields(wait.resolve(this, names));
    return 0;
  }
}
