package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "policy",
    footer = {
      "  metakey policy test --uid 1000 --gid 1000 --gid 4711 --name edge.packet_id",
      "  metakey policy test --uid 990 --unit edge-xdp.service",
      "  metakey policy test --uid 0 --unit edge-xdp.service -o json",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_PERMITTED,
      Exit.UNAVAILABLE,
    })
final class PolicyVerb extends Verb {
  /** What to do with the policy. */
  enum Action {
    TEST;

    /** The name in lower case. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Parameters(paramLabel = "test", description = "Say which rule decides about somebody, and why.")
  Action action = Action.TEST;

  @Option(
      names = "--uid",
      paramLabel = "N",
      required = true,
      converter = Numbers.Uid.class,
      description = "Its uid; 0 is root of the host.")
  int uid;

  @Option(
      names = "--gid",
      paramLabel = "N",
      converter = Numbers.Uid.class,
      description = "Its group; and once more for each supplementary one.")
  @Nullable List<Integer> gids;

  @Option(
      names = "--unit",
      paramLabel = "UNIT",
      description = "The systemd service that it is, like edge-xdp.service.")
  String unit = "";

  @Option(
      names = "--claim",
      paramLabel = "NAME",
      description = "What it says it is, if it is no unit.")
  String claim = "";

  @Option(names = "--cgroup", paramLabel = "PATH", description = "The path of its cgroup.")
  String cgroup = "";

  @Option(names = "--name", paramLabel = "NAME", description = "The field; by default all names.")
  String name = "";

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    if (!unit.isEmpty() && !claim.isEmpty()) {
      throw wrong("--unit and --claim exclude each other: what a unit claims is of no account");
    }
    if (form(output) == Output.NAME) {
      throw wrong("a rule has no field's name to print; use table, wide, json or jsonl");
    }
    printer(output).verdict(ask(client -> client.admin().testPolicy(who(), name)), name);
    return 0;
  }

  private Peer who() {
    List<Integer> all = gids == null ? List.of() : gids;
    Owner owner = unit.isEmpty() ? new Owner(uid, claim) : Owner.unit(unit);
    Set<Integer> supplementary = new HashSet<>(all);
    int gid = all.isEmpty() ? Peer.NOT_TOLD : all.get(0);
    return new Peer(owner, uid, gid, 0, unit, "", false, supplementary, cgroup);
  }
}
