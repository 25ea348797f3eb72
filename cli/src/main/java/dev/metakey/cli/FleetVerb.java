package dev.metakey.cli;

import dev.metakey.cli.print.FleetWatchPrinter;
import dev.metakey.cli.print.Output;
import dev.metakey.client.Answer;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetReport;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "fleet",
    footer = {
      "  metakey fleet status",
      "  metakey fleet list -o json",
      "  metakey fleet join",
      "  metakey fleet adopt edge.packet_id",
      "  metakey fleet forget host-17",
      "  metakey fleet watch",
      "",
      "'adopt' moves a field of this host to the id and slot that the fleet has for its name; programs have to be unloaded",
      "before, and linked again. 'forget' drops what a host holds that will not come back. 'watch' goes on while etcd or the",
      "daemon is away, and says so; it ends when nobody reads it any more.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_FOUND,
      Exit.CONFLICT,
      Exit.NOT_PERMITTED,
      "7:a loaded program is linked to the field, or nothing may be changed",
      Exit.UNAVAILABLE,
      "10:'fleet plan' or 'fleet join' found conflicts",
      Exit.INTERRUPTED_TEXT,
      Exit.CLOSED_PIPE_TEXT,
    })
final class FleetVerb extends Verb {
  private static final int CONFLICTS = 10;
  private static final int LOOK_MS = 500;

  /** What to do. */
  enum Action {
    STATUS,
    LIST,
    HOSTS,
    PLAN,
    JOIN,
    ADOPT,
    FORGET,
    EXPORT,
    WATCH;

    /** The name in lower case. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final Set<Action> WITH_NAME = EnumSet.of(Action.ADOPT, Action.FORGET);

  @Parameters(
      index = "0",
      paramLabel = "ACTION",
      description =
          "status: connected or not, and what differs; list: the fleet's names; hosts: who has"
              + " joined; plan: what joining would do; join; adopt NAME; forget HOST; export: what"
              + " etcd has, as JSON; watch: what becomes of the fleet's names, as this host hears of"
              + " it.")
  Action action = Action.STATUS;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "NAME|HOST",
      description = "The field to adopt, or the host to forget: its name or its registry id.")
  String name = "";

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() throws InterruptedException {
    if (WITH_NAME.contains(action) == name.isEmpty()) {
      throw wrong(
          name.isEmpty()
              ? "fleet %s needs a %s".formatted(action, action == Action.ADOPT ? "name" : "host")
              : "fleet %s takes no name".formatted(action));
    }
    switch (action) {
      case STATUS -> {
        if (form(output) == Output.NAME) {
          throw wrong("a fleet's status has no names to print; use table, wide, json or jsonl");
        }
        printer(output).fleet(ask(client -> client.admin().fleet().report()));
      }
      case LIST -> printer(output).fleetNames(ask(client -> client.admin().fleet().report()));
      case HOSTS -> printer(output).fleetHosts(ask(client -> client.admin().fleet().hosts()));
      case PLAN -> {
        Answer<FleetReport> report = ask(client -> client.admin().fleet().report());
        return plan(report, report.value().plan());
      }
      case JOIN -> {
        Answer<List<FleetPlanLine>> joined = ask(client -> client.admin().fleet().join());
        return plan(joined, joined.value());
      }
      case ADOPT -> printer(output).field(ask(client -> client.admin().fleet().adopt(name)));
      case FORGET -> {
        var unused = ask(client -> client.admin().fleet().forget(name));
        terminal().note("the fleet has forgotten " + name);
      }
      case EXPORT ->
          terminal().line(ask(client -> client.admin().fleet().export()).value().stripTrailing());
      case WATCH -> {
        return watch();
      }
    }
    return 0;
  }

  /** The daemon knows the answer without asking anybody, so it is asked again and again. */
  private int watch() throws InterruptedException {
    if (form(output) == Output.JSON) {
      throw wrong("a watch never ends, a JSON document does; use -o jsonl");
    }
    CountDownLatch unread = new CountDownLatch(1);
    terminal().onReaderGone(unread::countDown);
    FleetWatchPrinter printer = new FleetWatchPrinter(terminal(), form(output));
    try (Session session = Session.open(metakey, AT_ONCE, false).expectingToWait()) {
      printer.print(session.client().admin().fleet().report().value());
      while (!unread.await(LOOK_MS, TimeUnit.MILLISECONDS)) {
        try {
          printer.print(session.client().admin().fleet().report().value());
        } catch (MetakeyException e) {
          if (e.reason() != Reason.UNAVAILABLE && e.reason() != Reason.DEADLINE_EXCEEDED) {
            throw e;
          }
          printer.gone(e.text());
        }
      }
    }
    return Exit.CLOSED_PIPE;
  }

  private int plan(Answer<?> answer, List<FleetPlanLine> plan) {
    printer(output).fleetPlan(answer, plan);
    return plan.stream().allMatch(FleetPlanLine::agrees) ? 0 : CONFLICTS;
  }
}
