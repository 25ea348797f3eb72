package dev.metakey.server;

import static java.util.stream.Collectors.joining;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.config.Config;
import dev.metakey.server.config.ConfigKey;
import dev.metakey.server.config.KeysDirectory;
import dev.metakey.server.config.Read;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Policy;
import dev.metakey.server.domain.Reserve;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.log.Event;
import dev.metakey.server.log.Logging;
import dev.metakey.server.transport.Launchers;
import dev.metakey.server.transport.ServiceManager;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Reads the config and {@code keys.d} again, and takes on what can change while the daemon runs:
 * the policy, the quarantine, the launchers, the log, the reservations, and how the fleet is
 * reached. Everything else counts from the next start. Thread-safe.
 */
final class Reload {
  private final Engine engine;
  private final Supplier<Read<Config>> source;
  private final UnaryOperator<Policy> lookUp;
  private final Runnable taken;
  private final Config started;
  private final boolean startedWrong;
  private volatile Launchers launchers;
  private volatile String problem = "";
  private final ServiceManager manager;
  private volatile List<String> contradictions = List.of();
  private volatile Function<Config.Fleet, String> fleet = wanted -> "";

  /**
   * @param source reads the config
   * @param lookUp finds the ids of the groups that a policy names
   * @param taken is run when other rules count
   * @param started the config that the daemon has started with
   * @param manager is told when the config is read again
   */
  Reload(
      Engine engine,
      Supplier<Read<Config>> source,
      UnaryOperator<Policy> lookUp,
      Runnable taken,
      Read<Config> started,
      ServiceManager manager) {
    this.engine = engine;
    this.source = source;
    this.lookUp = lookUp;
    this.taken = taken;
    this.manager = manager;
    this.started = started.value();
    this.startedWrong = !started.faults().isEmpty();
    this.launchers = launchers(this.started);
  }

  private static Launchers launchers(Config config) {
    return Launchers.DEFAULTS.and(config.launchers());
  }

  /**
   * There is a fleet.
   *
   * @param takes has it reached as the config says, and returns what an admin should know of that
   */
  void fleet(Function<Config.Fleet, String> takes) {
    fleet = takes;
  }

  /** The units that prove nothing now. */
  Launchers launchers() {
    return launchers;
  }

  /** What is wrong with what was read last; empty if nothing is. */
  List<String> problems() {
    return Stream.concat(
            Stream.of(problem).filter(text -> !text.isEmpty()), contradictions.stream())
        .toList();
  }

  /** As {@link #run}; what there is to say goes into the log. */
  void runAndLog() {
    try {
      String note = run();
      if (!note.isEmpty()) {
        Event.CONFIG_WAITS.say(note);
      }
    } catch (MetakeyException e) {
      if (problem.isEmpty()) { // which is in the log already
        Event.RELOAD_FAILED.with("reason", e.reason()).say(e.text());
      }
    }
  }

  /**
   * Takes on what can change.
   *
   * @return what else an admin should know; may be empty
   * @throws MetakeyException INVALID_REQUEST if the config or a reservation is wrong, and all stays
   *     as it was; READ_ONLY if the config was wrong when the daemon was started; STORE_FAILED if
   *     reservations cannot be stored, but the rest was taken on
   */
  synchronized String run() {
    manager.reloading();
    try {
      return takeOn();
    } finally {
      manager.ready();
    }
  }

  private String takeOn() {
    Read<Config> read = source.get();
    Path keysDirectory = read.value().paths().keysDirectory();
    Read<List<Reserve>> reservations = KeysDirectory.read(keysDirectory);
    requireSound(read.faults(), reservations.faults());
    if (startedWrong) {
      throw new MetakeyException(
          Reason.READ_ONLY,
          "the config is right now, but metakeyd has started with a wrong one, and is read-only until it is started again");
    }
    Config config = read.value();
    engine.take(lookUp.apply(config.access().policy()), config.quarantineMs());
    launchers = launchers(config);
    Logging.take(config.monitoring().log());
    taken.run();
    reserve(this::change, reservations);
    List<String> notes = new ArrayList<>(contradictions);
    config.fleet().map(fleet).filter(note -> !note.isEmpty()).ifPresent(notes::add);
    notes.addAll(waiting(config));
    Event.CONFIG_READ.say("the config was read again");
    return String.join("; ", notes);
  }

  private void requireSound(List<String> ofConfig, List<String> ofReservations) {
    if (ofConfig.isEmpty() && ofReservations.isEmpty()) {
      problem = "";
      return;
    }
    String what = "the config and keys.d are";
    if (ofReservations.isEmpty()) {
      what = "the config is";
    } else if (ofConfig.isEmpty()) {
      what = "keys.d is";
    }
    String all = Stream.concat(ofConfig.stream(), ofReservations.stream()).collect(joining("; "));
    problem = "%s wrong, and what was there stays: %s".formatted(what, all);
    Event.CONFIG_WRONG.say(problem);
    throw new MetakeyException(Reason.INVALID_REQUEST, problem, Map.of("faults", all));
  }

  /**
   * Makes the registry reserve what {@code keys.d} says. What contradicts the registry is a problem
   * until this is done again.
   */
  void reserve(Reservations.Runner registry, Read<List<Reserve>> wanted) {
    List<String> found = new ArrayList<>();
    new Reservations(registry, engine::snapshot, started.paths().keysDirectory(), found::add)
        .apply(wanted);
    found.forEach(Event.RESERVATION_REFUSED::say);
    contradictions = List.copyOf(found);
  }

  private <R> R change(Command<R> command) {
    try {
      return engine.submit(command).join().value();
    } catch (CompletionException e) {
      throw e.getCause() instanceof MetakeyException refusal ? refusal : e;
    }
  }

  /** Which keys have changed that count from the next start. */
  private List<String> waiting(Config config) {
    List<String> changed =
        ConfigKey.ALL.stream()
            .filter(key -> !key.reloads())
            .flatMap(key -> key.changed(config, started).stream())
            .toList();
    return changed.isEmpty()
        ? List.of()
        : List.of(
            (changed.size() == 1
                    ? "%s has changed; it counts when metakeyd is started again"
                    : "%s have changed; they count when metakeyd is started again")
                .formatted(String.join(", ", changed)));
  }
}
