package dev.metakey.cli;

import dev.metakey.model.FieldState;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "list",
    footer = {
      "  metakey list",
      "  metakey list --prefix edge. -o wide",
      "  metakey list --state active,retired -o jsonl",
      "  metakey list --state free",
      "",
      "A free id shows the name that it had last; one that was never used has none.",
    },
    exitCodeList = {Exit.OK, Exit.DEFECT, Exit.BAD_INPUT, Exit.NOWHERE})
final class ListVerb extends Verb {
  @Option(names = "--prefix", paramLabel = "TEXT", description = "Only names that start with this.")
  String prefix = "";

  @Option(
      names = "--state",
      paramLabel = "STATE",
      split = ",",
      description =
          "Only fields in one of these states: ${COMPLETION-CANDIDATES}. Default: all but free.")
  List<FieldState> states = List.of();

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    Set<FieldState> wanted = EnumSet.noneOf(FieldState.class);
    wanted.addAll(states);
    // The daemon lists fields. Ids that no field ever had show only against the list of all fields.
    if (wanted.contains(FieldState.FREE) && prefix.isEmpty()) {
      printer(output).ids(read(client -> client.list("", EnumSet.allOf(FieldState.class))), wanted);
    } else {
      printer(output).fields(read(client -> client.list(prefix, wanted)));
    }
    return 0;
  }
}
