package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.model.FieldUser;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "users",
    footer = {
      "  metakey users",
      "  metakey users edge.packet_id -o wide",
      "  metakey users -o jsonl",
      "",
      "A stale program was linked to something other than what is registered now: link it again.",
      "Until it is unloaded, nobody else gets the id that it uses.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_PERMITTED,
      "8:the daemon cannot be reached, or cannot see loaded programs",
    })
final class UsersVerb extends Verb {
  @Parameters(
      arity = "0..1",
      paramLabel = "NAME",
      description = "Only programs that use this field, registered or not.")
  String name = "";

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    Answer<List<FieldUser>> all = ask(client -> client.admin().users());
    List<FieldUser> wanted =
        all.value().stream()
            .filter(user -> name.isEmpty() || user.use().name().equals(name))
            .toList();
    printer(output).users(all, wanted);
    return 0;
  }
}
