package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.client.History;
import dev.metakey.client.MetakeyClient;
import dev.metakey.model.Change;
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
      paramLabel = "REVISION",
      converter = Numbers.Revision.class,
      description = "Only changes after this revision.")
  long since;

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

  /** The first changes after --since. With a name, reads pages until there are enough. */
  private Answer<History> first(MetakeyClient client) {
    int most = limit == null ? MOST : limit;
    // Without a name every change of a page counts; with one, few of them may.
    int page = name.isEmpty() ? most : MOST;
    List<Change> found = new ArrayList<>();
    Answer<History> answer = client.admin().history(since, name, page);
    found.addAll(answer.value().changes());
    while (found.size() < most && !name.isEmpty() && answer.value().nextSinceRevision() != 0) {
      answer = client.admin().history(answer.value().nextSinceRevision(), name, page);
      found.addAll(answer.value().changes());
    }
    long next = answer.value().nextSinceRevision();
    if (found.size() > most) {
      next = found.get(most - 1).revision();
      found.subList(most, found.size()).clear();
    }
    return new Answer<>(answer.info(), answer.stale(), new History(found, next));
  }

  /**
   * The newest changes. Every change has a revision of its own, so that without a name they are the
   * last ones; with a name, all pages are read.
   */
  private Answer<History> newest(MetakeyClient client, int most) {
    long from = since;
    if (name.isEmpty()) {
      from = Math.max(since, client.header().info().revision() - most);
    }
    List<Change> found = new ArrayList<>();
    Answer<History> answer;
    do {
      answer = client.admin().history(from, name, MOST);
      found.addAll(answer.value().changes());
      found.subList(0, Math.max(0, found.size() - most)).clear();
      from = answer.value().nextSinceRevision();
    } while (from != 0);
    return new Answer<>(answer.info(), answer.stale(), new History(found, 0));
  }
}
