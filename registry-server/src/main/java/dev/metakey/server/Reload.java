package dev.metakey.server;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.config.Config;
import dev.metakey.server.config.Read;
import dev.metakey.server.domain.Policy;
import dev.metakey.server.engine.Engine;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the config again, and takes its policy on. Everything else in it counts from the next
 * start. Thread-safe.
 */
final class Reload {
  private static final Logger log = LoggerFactory.getLogger(Reload.class);

  private final Engine engine;
  private final Supplier<Read<Config>> source;
  private final UnaryOperator<Policy> lookUp;
  private final Config started;
  private final boolean startedWrong;
  private volatile String problem = "";

  /**
   * @param source reads the config
   * @param lookUp finds the ids of the groups that a policy names
   * @param started the config that the daemon has started with
   */
  Reload(
      Engine engine,
      Supplier<Read<Config>> source,
      UnaryOperator<Policy> lookUp,
      Read<Config> started) {
    this.engine = engine;
    this.source = source;
    this.lookUp = lookUp;
    this.started = started.value();
    this.startedWrong = !started.faults().isEmpty();
  }

  /** What is wrong with the config that was read last; empty if nothing is. */
  List<String> problems() {
    return problem.isEmpty() ? List.of() : List.of(problem);
  }

  /** As {@link #run}; what there is to say goes into the log. */
  void runAndLog() {
    try {
      String note = run();
      if (!note.isEmpty()) {
        log.info(note);
      }
    } catch (MetakeyException e) {
      if (problem.isEmpty()) { // which is in the log already
        log.warn(e.text());
      }
    }
  }

  /**
   * Takes the policy on.
   *
   * @return what else an admin should know; may be empty
   * @throws MetakeyException INVALID_REQUEST if the config is wrong, and the old policy stays;
   *     READ_ONLY if it was wrong when the daemon was started
   */
  synchronized String run() {
    Read<Config> read = source.get();
    if (!read.faults().isEmpty()) {
      String faults = String.join("; ", read.faults());
      problem = "the config is wrong, and the policy that was there stays: " + faults;
      log.warn(problem);
      throw new MetakeyException(Reason.INVALID_REQUEST, problem, Map.of("faults", faults));
    }
    problem = "";
    if (startedWrong) {
      throw new MetakeyException(
          Reason.READ_ONLY,
          "the config is right now, but metakeyd has started with a wrong one, and is read-only until it is started again");
    }
    engine.policy(lookUp.apply(read.value().access().policy()));
    log.info("the policy was read again");
    Config.Access access = read.value().access();
    Config.Access samePolicy =
        new Config.Access(started.access().policy(), access.socket(), access.limits());
    return read.value().withAccess(samePolicy).equals(started)
        ? ""
        : "other keys than 'policy' have changed; they count when metakeyd is started again";
  }
}
