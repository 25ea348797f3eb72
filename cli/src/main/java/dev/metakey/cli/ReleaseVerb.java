package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import dev.metakey.model.Field;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "release",
    description = "Retire a field: its owner, or an admin; a shared one is left.",
    footer = {
      "  metakey release edge.packet_id",
      "  metakey release edge.packet_id --generation 1",
      "  metakey release edge.packet_id --force",
      "",
      "The id is set aside and not free; registering the name again brings it back. A field that a",
      "loaded program is linked to is not released ('metakey users' lists them), unless an admin forces"
          + " it.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_FOUND,
      Exit.NOT_PERMITTED,
      Exit.CONDITION,
      Exit.UNAVAILABLE,
    })
final class ReleaseVerb extends Verb {
  @Parameters(paramLabel = "NAME", description = "The field.")
  String name = "";

  @Option(
      names = "--generation",
      paramLabel = "N",
      converter = Numbers.Generation.class,
      description = "Only if the field has this generation ('metakey show' tells it).")
  @Nullable Integer generation;

  @Option(
      names = "--force",
      description =
          "Also if loaded programs use it; the id stays theirs until they are gone (admins).")
  boolean force;

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    Integer only = generation;
    printer(output).field(ask(client -> release(client, only)));
    return 0;
  }

  private Answer<Field> release(MetakeyClient client, @Nullable Integer only) {
    if (only == null) {
      return force ? client.admin().forceRelease(name) : client.release(name);
    }
    return force ? client.admin().forceRelease(name, only) : client.release(name, only);
  }
}
