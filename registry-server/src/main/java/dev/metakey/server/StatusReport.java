package dev.metakey.server;

import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.LimitUse;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Snapshot;
import dev.metakey.server.config.Config;
import dev.metakey.server.domain.Drift;
import dev.metakey.server.domain.Programs;
import dev.metakey.server.domain.Refusals;
import dev.metakey.server.domain.Slots;
import dev.metakey.server.domain.Tick;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.publication.Publisher;
import dev.metakey.server.publication.WatchHub;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** What {@code metakey status} tells about a running daemon. Thread-safe; never waits. */
final class StatusReport {
  private final long startedAtMs = System.currentTimeMillis();
  private final Config config;
  private final Engine engine;
  private final Publisher publisher;
  private final WatchHub hub;
  private final Problems problems;
  private final Supplier<List<LimitUse>> socketLimits;

  /**
   * @param socketLimits how much is used of the limits of connections and calls
   */
  StatusReport(
      Config config,
      Engine engine,
      Publisher publisher,
      WatchHub hub,
      Problems problems,
      Supplier<List<LimitUse>> socketLimits) {
    this.config = config;
    this.engine = engine;
    this.publisher = publisher;
    this.hub = hub;
    this.problems = problems;
    this.socketLimits = socketLimits;
  }

  DaemonStatus now() {
    Snapshot snapshot = engine.snapshot();
    List<DaemonStatus.Publication> publications = publisher.status();
    return new DaemonStatus(
        snapshot.info(),
        daemon(),
        new DaemonStatus.IdCount(
            count(snapshot, FieldState.ACTIVE),
            count(snapshot, FieldState.RETIRED),
            count(snapshot, FieldState.RESERVED)),
        new DaemonStatus.SlotUse(Slots.usedBytes(snapshot), snapshot.info().slotBytes()),
        new DaemonStatus.Queues(engine.queued(), engine.waiting(), hub.size()),
        programs(snapshot),
        publications,
        limits(),
        problems(snapshot, publications));
  }

  /** How much of each limit is used, who uses the most, and how many were refused. */
  List<LimitUse> limits() {
    return Stream.of(socketLimits.get(), List.of(hub.limit()), engine.limits())
        .flatMap(List::stream)
        .toList();
  }

  private DaemonStatus.Daemon daemon() {
    return new DaemonStatus.Daemon(
        ThisProcess.version(),
        startedAtMs,
        (int) ProcessHandle.current().pid(),
        config.paths().socket().toString(),
        config.paths().data().toString());
  }

  private DaemonStatus.Programs programs(Snapshot snapshot) {
    Programs seen = engine.programs();
    return new DaemonStatus.Programs(
        seen.users(), stale(snapshot, seen).size(), seen.blindness(), config.looksAtPrograms());
  }

  private List<String> problems(Snapshot snapshot, List<DaemonStatus.Publication> publications) {
    List<String> all = new ArrayList<>(problems.now());
    String storeProblem = engine.storeProblem();
    if (storeProblem != null) {
      all.add("changes are refused: " + storeProblem);
    }
    all.addAll(programProblems(snapshot, engine.programs()));
    publications.stream()
        .map(DaemonStatus.Publication::problem)
        .filter(text -> !text.isEmpty())
        .forEach(all::add);
    return all;
  }

  private List<String> programProblems(Snapshot snapshot, Programs programs) {
    List<String> found = new ArrayList<>();
    List<LoadedProgram> stale = stale(snapshot, programs);
    if (!stale.isEmpty()) {
      found.add(
          "%s disagree%s with the registry ('metakey users' shows where); unload what is stale, and link it anew"
              .formatted(Refusals.describe(stale), stale.size() == 1 ? "s" : ""));
    }
    List<Field> waiting =
        Tick.waitingForALook(snapshot, programs, engine.rules(), engine.now().ageMs());
    if (config.looksAtPrograms() && !programs.blindness().isEmpty() && !waiting.isEmpty()) {
      found.add(
          "%d released ids stay set aside although their quarantine is over, as loaded programs cannot be seen: %s"
              .formatted(waiting.size(), programs.blindness()));
    }
    return found;
  }

  private List<LoadedProgram> stale(Snapshot snapshot, Programs programs) {
    return programs.loaded().stream()
        .filter(program -> Drift.isStale(snapshot, engine.tag(), program))
        .toList();
  }

  static int count(Snapshot snapshot, FieldState state) {
    return (int) snapshot.records().stream().filter(field -> field.is(state)).count();
  }
}
