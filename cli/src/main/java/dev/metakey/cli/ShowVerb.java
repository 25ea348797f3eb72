package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.model.FieldReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "show",
    footer = {
      "  metakey show edge.packet_id",
      "  metakey show 0 -o json",
      "",
      "A field whose id is not free although it was released, or not free for other names, shows what",
      "keeps it so, and until when.",
    },
    exitCodeList = {Exit.OK, Exit.DEFECT, Exit.BAD_INPUT, Exit.NOT_FOUND, Exit.NOWHERE})
final class ShowVerb extends Verb {
  @Parameters(paramLabel = "NAME|ID", description = "The field, by its name or id.")
  String which = "";

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    // No name starts with a digit.
    Answer<FieldReport> answer;
    if (which.matches("[0-9]+")) {
      int id = id();
      answer = read(client -> client.report(id));
    } else {
      answer = read(client -> client.report(which));
    }
    printer(output).sheet(answer);
    return 0;
  }

  private int id() {
    try {
      return Integer.parseInt(which);
    } catch (NumberFormatException e) {
      throw wrong(
          "id %s is out of range; ids are 0 to 63, well-known ones 64 to 66".formatted(which));
    }
  }
}
