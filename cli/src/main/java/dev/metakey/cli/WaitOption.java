package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.model.Field;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Resolves names, at once or as soon as they are there. */
final class WaitOption {
  @Option(
      names = "--wait",
      paramLabel = "DURATION",
      description =
          "Wait so long for every name to be registered; and before that, for the daemon to be up:"
              + " 1ms to 24h.")
  @Nullable Duration value;

  Answer<List<Field>> resolve(Verb verb, List<String> names) {
    Duration wait = value;
    if (wait == null) {
      return verb.read(client -> client.resolve(names));
    }
    Duration patience = wait.compareTo(Session.LONGEST) > 0 ? Session.LONGEST : wait;
    return verb.ask(patience, client -> client.await(wait, names));
  }
}
