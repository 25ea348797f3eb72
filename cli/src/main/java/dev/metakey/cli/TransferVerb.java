package dev.metakey.cli;

import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "transfer",
    description = "Hand a field to another owner, who is then its only one (admins).",
    footer = {
      "  metakey transfer edge.packet_id --to edge-xdp.service",
      "  metakey transfer edge.packet_id --to tracer --uid 1000",
      "  metakey transfer edge.packet_id --to web --container",
      "",
      "A retired field stays retired, and its new owner may bring it back by registering it.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_FOUND,
      Exit.NOT_PERMITTED,
      Exit.UNAVAILABLE,
    })
final class TransferVerb extends Verb {
  @Parameters(paramLabel = "NAME", description = "The field.")
  String name = "";

  @Option(
      names = "--to",
      paramLabel = "OWNER",
      required = true,
      description =
          "The new owner: a system service like edge-xdp.service; or a claim, with --uid or"
              + " --container.")
  String to = "";

  @Option(
      names = "--uid",
      paramLabel = "N",
      converter = Numbers.Uid.class,
      description = "The user who claims to be OWNER.")
  @Nullable Integer uid;

  @Option(
      names = "--container",
      description = "OWNER is claimed in containers that have a user namespace of their own.")
  boolean container;

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    Owner owner = owner();
    printer(output).field(ask(client -> client.admin().transfer(name, owner)));
    return 0;
  }

  private Owner owner() {
    boolean isUnit = to.endsWith(Names.UNIT_SUFFIX);
    if (isUnit && (uid != null || container)) {
      throw wrong(
          "%s is a unit, and a unit is an owner whatever its uid is; leave %s out, or name a claim"
              .formatted(Names.quote(to), uid != null ? "--uid" : "--container"));
    }
    if (isUnit) {
      return Owner.unit(Names.checkUnit(to));
    }
    if ((uid != null) == container) {
      throw wrong(
          "%s is a claim; say whose with --uid N, or --container for a container with a user namespace of its own (a system service is written with .service)"
              .formatted(Names.quote(to)));
    }
    return uid != null
        ? new Owner(uid, Names.checkClaim(to))
        : Owner.container(Names.checkClaim(to));
  }
}
