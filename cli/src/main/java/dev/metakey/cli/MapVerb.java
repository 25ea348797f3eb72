package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import dev.metakey.client.Answer;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Snapshot;
import java.util.EnumSet;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "map",
    footer = {
      "  metakey map",
      "  COLUMNS=40 metakey map",
      "  metakey map -o json",
    },
    exitCodeList = {Exit.OK, Exit.DEFECT, Exit.BAD_INPUT, Exit.NOWHERE})
final class MapVerb extends Verb {
  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    if (form(output) == Output.NAME) {
      throw wrong("a map has no names to print; 'metakey list -o name' prints those");
    }
    Answer<List<Field>> all = read(client -> client.list("", EnumSet.allOf(FieldState.class)));
    Snapshot snapshot = Snapshot.of(all.info(), all.value());
    printer(output)
        .map(
            new Answer<>(all.info(), all.stale(), snapshot), terminal().columns(CommandTree.WIDTH));
    return 0;
  }
}
