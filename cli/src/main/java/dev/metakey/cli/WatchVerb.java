package dev.metakey.cli;

import dev.metakey.cli.print.EventPrinter;
import dev.metakey.cli.print.Output;
import dev.metakey.client.MetakeyClient;
import dev.metakey.client.Watch;
import dev.metakey.client.WatchEvent;
import java.time.Duration;
import java.util.Map;
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
      "  metakey watch --exec 'logger \"$METAKEY_CHANGE $METAKEY_NAME\"'",
      "  metakey watch --since 41@6f2d1c1e-7f4b-4c39-9d0a-5a1f2f1f6f10",
      "",
      "A watch outlives the daemon: when that is back, it goes on where it stopped. It ends when",
      "nobody reads it any more. To wait for a name there is 'metakey id NAME --wait'.",
      "",
      "With --exec nothing is printed but by COMMAND. It is run once for the state at the beginning,",
      "then for each change, one at a time. METAKEY_CHANGE says what happened (state, created ...),",
      "METAKEY_REVISION when; METAKEY_NAME, _ID, _SIZE, _SLOT and _STATE are the field's, and empty",
      "for a state. On standard input is what -o jsonl would print for this change alone. If COMMAND",
      "fails or takes too long, a note says so and the watch goes on.",
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

  @Option(
      names = "--exec",
      paramLabel = "COMMAND",
      description = "Print nothing; run this in a shell for each change.")
  @Nullable String command;

  @Option(
      names = "--exec-timeout",
      paramLabel = "DURATION",
      description =
          "How long COMMAND may take before it is ended: 1ms to 24h. Default: ${DEFAULT-VALUE}.",
      defaultValue = "60s")
  Duration commandTimeout = Duration.ofSeconds(60);

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() throws InterruptedException {
    if (form(output) == Output.JSON) {
      throw wrong("a watch never ends, a JSON document does; use -o jsonl");
    }
    Position position = since == null ? null : position(since);
    if (command == null) {
      EventPrinter printer = new EventPrinter(terminal(), form(output));
      return follow(position, printer::print);
    }
    try (ChangeCommand commands = commands(command)) {
      return follow(position, commands::run);
    }
  }

  private ChangeCommand commands(String line) {
    if (output.value != null || metakey.output != null) {
      throw wrong("--exec prints nothing, so -o makes no sense with it");
    }
    if (commandTimeout.isZero() || commandTimeout.compareTo(Session.LONGEST) > 0) {
      throw wrong("--exec-timeout is out of range; allowed: 1ms to 24h");
    }
    // A metakey that the command runs asks the same daemon.
    Map<String, String> socket =
        metakey.socket == null
            ? Map.of()
            : Map.of("METAKEY_SOCKET", metakey.socket.toAbsolutePath().toString());
    return new ChangeCommand(terminal(), line, commandTimeout, socket);
  }

  /** What is done with each event. */
  @FunctionalInterface
  private interface Reaction {
    void to(WatchEvent event) throws InterruptedException;
  }

  private int follow(@Nullable Position position, Reaction reaction) throws InterruptedException {
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
        reaction.to(watch.next());
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
