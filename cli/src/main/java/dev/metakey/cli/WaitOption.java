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
          "How long to wait for the daemon to be up and for every name to be registered:"
              + " 1ms to 24h.")
  @Nullable Duration value;

  Answer<List<Field>> resolve(Verb verb, List<String> names) {
    Duration wait = value;
    if (wait == null) {
      return verb.read(client -> client.resolve(names));
    }
    Duration patience = patience(wait);
    long startNs = System.nanoTime();
    try (var unused = new Progress(verb.terminal(), names, patience)) {
      return verb.await(patience, client -> client.await(left(wait, startNs), names));
    }
  }

  /** How long to wait for the daemon. */
  static Duration patience(Duration wait) {
    return wait.compareTo(Session.LONGEST) > 0 ? Session.LONGEST : wait;
  }

  /**
   * The part of the wait that connecting has left over. A wait out of range is kept, so that the
   * client refuses it.
   */
  static Duration left(Duration wait, long startNs) {
    if (wait.compareTo(Session.LONGEST) > 0 || wait.isZero()) {
      return wait;
    }
    Duration left = wait.minusNanos(System.nanoTime() - startNs);
    return left.compareTo(Duration.ofMillis(1)) < 0 ? Duration.ofMillis(1) : left;
  }
}
