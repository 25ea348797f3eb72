package dev.metakey.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "history",
    description = "List committed changes, oldest first, as far back as they are kept (admins).",
    footer = {
      "  metakey history",
      "  metakey history --name edge.packet_id -o wide",
      "  metakey history --since 41 --limit 100 -o jsonl",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_PERMITTED,
      Exit.UNAVAILABLE,
    })
final class HistoryVerb extends Verb {
  @Option(names = "--name", paramLabel = "NAME", description = "Only changes of this field.")
  String name = "";

  @Option(
      names = "--since",
      paramLabel = "REVISION",
      description = "Only changes after this revision.")
  long since;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "At most so many: 1 to 1000. Default: 1000.")
  int limit = 1000;

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    if (limit < 1 || limit > 1000) {
      throw wrong("--limit %d: allowed are 1 to 1000".formatted(limit));
    }
    if (since < 0) {
      throw wrong("--since %d: revisions count from 1; 0 stands for all".formatted(since));
    }
    printer(output).history(ask(client -> client.history(since, name, limit)));
    return 0;
  }
}
