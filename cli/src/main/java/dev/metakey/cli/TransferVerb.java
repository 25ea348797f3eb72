package dev.metakey.cli;

import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "transfer",
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

  @Mixin OwnerOptions whose = new OwnerOptions();
  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    if (to.isEmpty() || whose.isMixed(to)) {
      throw wrong(
          to.isEmpty()
              ? "the new owner has no name; say a unit like edge-xdp.service, or a claim with --uid or --container"
              : "%s is a unit, and a unit is an owner whatever its uid is; leave %s out, or name a claim"
                  .formatted(Names.quote(to), whose.container ? "--container" : "--uid"));
    }
    Owner owner = whose.of(this, to);
    printer(output).field(ask(client -> client.admin().transfer(name, owner)));
    return 0;
  }
}
