package dev.metakey.cli;

import dev.metakey.model.Field;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "id",
    footer = {
      "  metakey id edge.packet_id",
      "  metakey id edge.packet_id --wait 30s",
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
final class IdVerb extends Verb {
  @Parameters(paramLabel = "NAME", description = "The field.")
  String name = "";

  @Mixin WaitOption wait = new WaitOption();

  @Override
  public Integer call() {
    Field field = wait.resolve(this, List.of(name)).value().get(0);
    terminal().line(Integer.toString(field.id()));
    return 0;
  }
}
