package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import dev.metakey.cli.print.Printer;
import dev.metakey.client.Answer;
import dev.metakey.link.LinkOptions;
import dev.metakey.link.LinkedRecord;
import dev.metakey.link.ObjectLinker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "link",
    description =
        "Fill in the ids and places in a compiled BPF program, so that any loader loads it.",
    footer = {
      "  metakey link prog.bpf.o -o linked.bpf.o",
      "  metakey link prog.bpf.o -o linked.bpf.o --wait 30s --service edge-xdp",
      "  metakey link prog.bpf.o --dry-run --form json",
      "",
      "What the program produces is registered, what it consumes is resolved. Where that",
      "fails, the output stays as it was.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      "2:bad input: the object, a name in it, an option or argument",
      "3:a field that the program consumes is not there",
      Exit.CONFLICT,
      Exit.NOT_PERMITTED,
      "6:no id or slot is left, or too many wait already",
      Exit.UNAVAILABLE,
      Exit.TOO_LATE,
    })
final class LinkVerb extends Verb {
  @Parameters(paramLabel = "PROG", description = "The object that clang -target bpf -c wrote.")
  Path in = Path.of("");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Where the linked object goes; may be PROG itself.")
  @Nullable Path out;

  @Option(
      names = "--wait",
      paramLabel = "DURATION",
      description =
          "Wait so long for what the program consumes; and before that, for the daemon to be up:"
              + " 1ms to 24h.")
  @Nullable Duration wait;

  @Option(
      names = "--shared",
      description = "Let other services that say so too register what it produces.")
  boolean shared;

  @Option(
      names = "--dry-run",
      description = "Show what would be done, and do nothing; needs no FILE.")
  boolean dryRun;

  @Option(
      names = "--form",
      paramLabel = "FORM",
      order = 90,
      description = "How to print the records: ${COMPLETION-CANDIDATES}. Default: table.")
  Output form = Output.TABLE;

  @Override
  public Integer call() throws IOException {
    Path target = out;
    if (target == null && !dryRun) {
      throw wrong("the output is missing; say -o FILE, or --dry-run to write none");
    }
    LinkOptions options = new LinkOptions(shared, wait);
    Duration patience = wait == null ? RegisterVerb.PATIENCE : wait;
    Answer<List<LinkedRecord>> linked;
    try (Session session =
        Session.open(metakey, dryRun ? AT_ONCE : patience, false).expectingToWait()) {
      linked =
          target == null || dryRun
              ? ObjectLinker.plan(session.client(), in, options)
              : ObjectLinker.link(session.client(), in, target, options);
    }
    new Printer(terminal(), form).linked(linked);
    return 0;
  }
}
