package dev.metakey.cli;

import dev.metakey.cli.print.FieldsText;
import dev.metakey.client.Answer;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Command;

@Command(
    name = "export",
    footer = {
      "  metakey export",
      "",
      "YAML: reservations in the form of keys.d, and registered fields with their owners. The tag is never in it.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOWHERE,
    })
final class ExportVerb extends Verb {
  @Override
  public Integer call() {
    Answer<List<Field>> fields =
        read(client -> client.list("", Set.of(FieldState.ACTIVE, FieldState.RESERVED)));
    terminal().line(FieldsText.of(fields.info(), fields.value()).stripTrailing());
    return 0;
  }
}
