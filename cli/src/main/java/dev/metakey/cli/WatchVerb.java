package dev.metakey.cli;

import dev.metakey.cli.print.EventPrinter;
import dev.metakey.cli.print.Output;
import dev.metakey.client.MetakeyClient;
import dev.metakey.client.Watch;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "watch",
    footer = {
      "  metakey watch",
      "  metakey watch -o jsonl",
      "  metakey watch --since 41@6f2d1c1e-7f4b-4c39-9d0a-5a1f2f1f6f10",
      "",
      "A watch outlives the daemon: when that is back, it goes on where it stopped. It ends when",
      "nobody reads it any more. To wait for a name there is 'metakey id NAME --wait'.",
    },
    exitCodeList = {
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.TOO_MANY,
      Exit.UNREACHABLE,
      Exit.INTERRUPTED_TEXT,
      Exit.CLOSED_PIPE_TEXT,
    })
final class WatchVerb extends Verb {
  @Option(
      names = "--since",
      paramLabel = "REVISION@REGISTRY",
      description =
          "Only what changed after this revision of this registry (revision and registry_id in"
              + " JSON); the whole state if that is no longer known.")
  @Nullable String since;

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    if (form(output) == Output.JSON) {
      throw wrong("a watch never ends, a JSON document does; use -o jsonl");
    }
    Position position = since == null ? null : position(since);
    EventPrinter printer = new EventPrinter(terminal(), form(output));
    try (Session session = Session.open(metakey, AT_ONCE, false).expectingToWait();
        Watch watch = watch(session.client(), position)) {
      AtomicBoolean unread = new AtomicBoolean();
      terminal()
          .onReaderGone(
              () -> {
                unread.set(true);
                watch.close();
              });
      while (watch.hasNext()) {
        printer.print(watch.next());
      }
      return unread.get() ? Exit.CLOSED_PIPE : Exit.INTERRUPTED; // nothing else ends it
    }
  }

  private record Position(UUID registryId, long revision) {}

  private static Watch watch(MetakeyClient client, @Nullable Position position) {
    return position == null ? client.watch() : client.watch(position.registryId, position.revision);
  }

  private Position position(String text) {
    int at = text.indexOf('@');
    try {
      if (at > 0) {
        return new Position(
            UUID.fromString(text.substring(at + 1)), Long.parseUnsignedLong(text.substring(0, at)));
      }
    } catch (IllegalArgumentException e) {
      // The message below says what is wrong.
    }
    throw wrong(
        "--since '%s' is not REVISION@REGISTRY, like 41@6f2d1c1e-7f4b-4c39-9d0a-5a1f2f1f6f10"
            .formatted(text));
  }
}
