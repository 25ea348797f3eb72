package dev.metakey.cli;

import dev.metakey.cli.print.HistoryEntry;
import dev.metakey.client.Answer;
import dev.metakey.client.History;
import dev.metakey.client.MetakeyClient;
import dev.metakey.model.Change;
import dev.metakey.model.FleetEvent;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "history",
    footer = {
      "  metakey history",
      "  metakey history --last 10",
      "  metakey history --name edge.packet_id -o wide",
      "  metakey history --since 41 --limit 100 -o jsonl",
      "  metakey history --since 2h --by edge-xdp.service",
      "",
      "--last shows the newest changes, the newest of them at the end. --limit shows the first ones after",
      "--since, and says where to go on.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_PERMITTED,
      Exit.UNAVAILABLE,
    })
final class HistoryVerb extends Verb {
  /** The most changes in one answer of the daemon. */
  static final int MOST = 1000;

  @Option(names = "--name", paramLabel = "NAME", description = "Only changes of this field.")
  String name = "";

  @Option(
      names = "--since",
      paramLabel = "WHEN",
      converter = Since.Converter.class,
      description =
          "Only changes after this revision, or from this time on: a time as it is printed, or how"
              + " long ago, like 2h.")
  Since start = Since.BEGINNING;

  @Option(
      names = "--by",
      paramLabel = "OWNER",
      description = "Only changes that this unit or claim made.")
  String by = "";

  @Option(
      names = "--limit",
      paramLabel = "N",
      converter = Numbers.Count.class,
      description = "At most this many, the oldest of them: 1 to 1000. Default: 1000.")
  @Nullable Integer limit;

  @Option(
      names = "--last",
      paramLabel = "N",
      converter = Numbers.Count.class,
      description = "Only this many of the last changes, the newest at the end: 1 to 1000.")
  @Nullable Integer last;

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    if (last != null && limit != null) {
      throw wrong("--last and --limit contradict each other; say one of them");
    }
    printer(output).history(ask(client -> last == null ? first(client) : newest(client, last)));
    return 0;
  }

  private boolean isNarrowed() {
    return !name.isEmpty() || !by.isEmpty() || start.fromMs() != 0;
  }

  private Answer<History> page(MetakeyClient client, long after, int limit) {
    return client.admin().history(after, name, by, start.fromMs(), limit);
  }

  /**
   * The first changes after --since, with what became of the fleet between them. If they are
   * narrowed, reads pages until there are enough.
   */
  private Answer<History> first(MetakeyClient client) {
    int most = limit == null ? MOST : limit;
    // Of a page that is narrowed, few changes may be left.
    int page = isNarrowed() ? MOST : most;
    Answer<History> answer = page(client, start.revision(), page);
    List<Change> changes = new ArrayList<>(answer.value().changes());
    List<FleetEvent> events = new ArrayList<>(answer.value().fleetEvents());
    while (changes.size() < most && isNarrowed() && answer.value().nextSinceRevision() != 0) {
      answer = page(client, answer.value().nextSinceRevision(), page);
      changes.addAll(answer.value().changes());
      events.addAll(answer.value().fleetEvents());
    }
    long next = answer.value().nextSinceRevision();
    if (changes.size() > most) {
      next = changes.get(most - 1).revision();
      changes.subList(most, changes.size()).clear();
      long end = next;
      events.removeIf(event -> event.revision() >= end);
    }
    return new Answer<>(answer.info(), answer.stale(), new History(changes, events, next));
  }

  /**
   * The newest changes. Every change has a revision of its own, so that they are the last ones; if
   * they are narrowed, all pages are read.
   */
  private Answer<History> newest(MetakeyClient client, int most) {
    long from = start.revision();
    if (!isNarrowed()) {
      from = Math.max(from, client.header().info().revision() - most);
    }
    History found = new History(List.of(), 0);
    Answer<History> answer;
    do {
      answer = page(client, from, MOST);
      found = HistoryEntry.last(found, answer.value(), most);
      from = answer.value().nextSinceRevision();
    } while (from != 0);
    return new Answer<>(answer.info(), answer.stale(), found);
  }
}
