package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Decision;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.Registry;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.log.Event;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A call on its way through the writer. Only the future is for other threads.
 *
 * @param <R> what the command answers
 */
final class Submission<R> {

  final CompletableFuture<Reply<R>> future = new CompletableFuture<>();
  private final Command<R> command;
  private final Peer peer;
  private final long sinceNs;
  private @Nullable Reply<R> reply;
  private @Nullable MetakeyException refusal;

  /**
   * @param sinceNs when it was made, as {@link System#nanoTime}, if somebody measures that
   */
  Submission(Command<R> command, Peer peer, long sinceNs) {
    this.command = command;
    this.peer = peer;
    this.sinceNs = sinceNs;
  }

  Peer peer() {
    return peer;
  }

  /** How long ago it was made, nanoseconds. */
  long ageNs(long nowNs) {
    return nowNs - sinceNs;
  }

  /** Decides the command, keeps its answer, and returns the state that it leads to. */
  RegistryState decide(RegistryState state, Rules rules, Now now, List<Change> changes) {
    reply = null;
    refusal = null;
    Decision<R> decision;
    try {
      decision = Registry.decide(state, rules, command, peer, now);
    } catch (RuntimeException | Error defect) {
      Event.DEFECT.say("deciding %s failed: please report this".formatted(command), defect);
      refuse(defect(defect));
      return state;
    }
    if (decision instanceof Decision.Accepted<R> accepted) {
      reply = new Reply<>(accepted.state().snapshot().info(), accepted.result());
      changes.addAll(accepted.changes());
      return accepted.state();
    }
    refuse(((Decision.Rejected<R>) decision).refusal());
    return state;
  }

  void refuse(MetakeyException why) {
    refusal = why;
  }

  void refuseNow(MetakeyException why) {
    future.completeExceptionally(why);
  }

  /** The writer met a defect while it had the call. Does nothing if it was answered before. */
  void abandon(Throwable cause) {
    refuseNow(
        new MetakeyException(
            Reason.INTERNAL,
            "a defect of metakeyd kept the call from being finished, and nobody knows whether the change was made; ask again, and report this with the daemon's log",
            Map.of(),
            cause));
  }

  void complete() {
    if (refusal != null) {
      future.completeExceptionally(refusal);
    } else if (reply != null) {
      future.complete(reply);
    }
  }

  /**
   * @throws MetakeyException if the command was refused
   */
  R result() {
    if (refusal != null) {
      throw refusal;
    }
    return Objects.requireNonNull(reply).value();
  }

  private static MetakeyException defect(Throwable cause) {
    return new MetakeyException(
        Reason.INTERNAL,
        "a defect of metakeyd: %s; please report it with the daemon's log".formatted(cause),
        Map.of(),
        cause);
  }
}
