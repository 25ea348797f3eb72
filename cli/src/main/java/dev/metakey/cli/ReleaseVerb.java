package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import dev.metakey.client.Released;
import dev.metakey.model.Field;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "release",
    footer = {
      "  metakey release edge.packet_id",
      "  metakey release edge.packet_id --generation 1",
      "  metakey release edge.packet_id --now",
      "  metakey release --owner edge-xdp.service",
      "  metakey release --owner tracer --uid 1000",
      "  metakey release --uid 1000 --now",
      "",
      "The id is set aside and not free; registering the name again brings it back. A field that a",
      "loaded program is linked to is not released, unless an admin forces it ('metakey users' lists",
      "such programs).",
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
  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      description = "The field; none with --owner, --uid or --container.")
  @Nullable String name;

  @Option(
      names = "--generation",
      paramLabel = "N",
      converter = Numbers.Generation.class,
      description = "Only if the field has this generation ('metakey show' tells it).")
  @Nullable Integer generation;

  @Option(
      names = "--force",
      description =
          "Even if loaded programs use it; the id stays theirs until they are gone (admins).")
  boolean force;

  @Option(
      names = "--now",
      description =
          "Free the id at once, for all owners and without a quarantine; also of a retired field"
              + " (admins).")
  boolean now;

  @Option(
      names = "--owner",
      paramLabel = "OWNER",
      description =
          "All fields of this owner: a system service like edge-xdp.service; or a claim, with --uid"
              + " or --container (admins).")
  @Nullable String owner;

  @Mixin OwnerOptions whose = new OwnerOptions();
  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    String field = name;
    boolean byOwner = owner != null || whose.uid != null || whose.container;
    if ((field != null) == byOwner) {
      throw wrong(
          "say either which field, or whose fields with --owner, --uid or --container, and not both");
    }
    if (field == null) {
      return releaseAll();
    }
    if (force && now) {
      throw wrong("what programs use is not free at once; say --force or --now, and not both");
    }
    Integer only = generation;
    printer(output).field(ask(client -> release(client, field, only)));
    return 0;
  }

  private Answer<Field> release(MetakeyClient client, String field, @Nullable Integer only) {
    if (force) {
      return only == null
          ? client.admin().forceRelease(field)
          : client.admin().forceRelease(field, only);
    }
    if (now) {
      return only == null
          ? client.admin().releaseNow(field)
          : client.admin().releaseNow(field, only);
    }
    return only == null ? client.release(field) : client.release(field, only);
  }

  private int releaseAll() {
    if (generation != null || force) {
      throw wrong("%s goes with one field; name it".formatted(force ? "--force" : "--generation"));
    }
    Owner meant = whose.of(this, owner == null ? "" : owner);
    Answer<Released> answer = ask(client -> client.admin().releaseAll(meant, now));
    printer(output).fields(new Answer<>(answer.info(), false, answer.value().fields()));
    for (Field field : answer.value().inUse()) {
      terminal()
          .note(
              "%s stays as it was: loaded programs are linked to it ('metakey users' shows them)"
                  .formatted(field.name()));
    }
    // A script that asked for all of them should see that some stay.
    return answer.value().inUse().isEmpty() ? 0 : Reason.IN_USE.exitCode();
  }
}
