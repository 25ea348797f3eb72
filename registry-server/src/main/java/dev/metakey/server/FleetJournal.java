package dev.metakey.server;

import dev.metakey.files.Failure;
import dev.metakey.model.FleetEvent;
import dev.metakey.model.Peer;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.fleet.EventsFile;
import dev.metakey.server.fleet.FleetNews;
import dev.metakey.server.log.Event;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of this host in its fleet, for the history: the file {@code fleet-history} in the
 * data directory, a line of JSON for each event. They stand beside the changes of fields, which
 * every client applies to what it has, and which no flood from the network can push out of the
 * history.
 *
 * <p><b>Durability.</b> The file is replaced in one step, and synced, before an event is told.
 *
 * <p><b>Bounds.</b> The newest {@value #MOST} events are kept, and no more than {@value
 * #MOST_AN_HOUR} of an hour are noted. From any thread.
 */
final class FleetJournal {
  static final int MOST = 1_000;
  static final int MOST_AN_HOUR = 200;
  private static final long HOUR_MS = 3_600_000;

  private final EventsFile file;
  private final boolean logs;
  private @Nullable List<FleetEvent> events; // read when it is asked for, as a start is not to wait
  private volatile String problem = "";

  /**
   * @param logs whether each event is written to the log, too
   */
  FleetJournal(Path path, boolean logs) {
    this.file = new EventsFile(path);
    this.logs = logs;
  }

  /** Oldest first. */
  synchronized List<FleetEvent> events() {
    if (events == null) {
      events = read();
    }
    return events;
  }

  private List<FleetEvent> read() {
    try {
      return file.read();
    } catch (IOException e) {
      problem =
          "what the history has of the fleet cannot be read, and begins anew: %s: %s"
              .formatted(file.path(), Failure.reason(e));
      return List.of();
    }
  }

  /** What an admin should know; empty if all is well. */
  String problem() {
    return problem;
  }

  /**
   * Takes note of what happened just now.
   *
   * @param peer who did it
   */
  void note(List<FleetNews> news, Engine engine, Peer peer) {
    long revision = engine.snapshot().info().revision();
    long nowMs = engine.now().atMs();
    note(
        news.stream()
            .map(
                each ->
                    new FleetEvent(
                        revision,
                        nowMs,
                        each.kind(),
                        each.name(),
                        each.id(),
                        each.slot(),
                        each.service(),
                        each.host(),
                        each.text(),
                        peer.recorded()))
            .toList(),
        nowMs);
  }

  synchronized void note(List<FleetEvent> news, long nowMs) {
    if (news.isEmpty()) {
      return;
    }
    List<FleetEvent> before = events();
    long recent = before.stream().filter(each -> Math.abs(nowMs - each.atMs()) < HOUR_MS).count();
    int room = (int) Math.max(0, Math.min(news.size(), MOST_AN_HOUR - recent));
    if (room < news.size()) {
      Event.FLEET_EVENTS_LEFT_OUT.say(
          "%d events of the fleet are not kept in the history, as it has %d of the last hour; 'metakey fleet list' and 'metakey fleet status' show how things are"
              .formatted(news.size() - room, MOST_AN_HOUR));
    }
    List<FleetEvent> all = new ArrayList<>(before);
    all.addAll(news.subList(0, room));
    List<FleetEvent> kept = List.copyOf(all.subList(Math.max(0, all.size() - MOST), all.size()));
    write(kept);
    events = kept;
    if (logs) {
      news.subList(0, room).forEach(FleetJournal::log);
    }
  }

  private void write(List<FleetEvent> kept) {
    try {
      file.write(kept);
      problem = "";
    } catch (IOException e) {
      problem =
          "what becomes of the fleet is in the history only until metakeyd is stopped: %s cannot be written: %s"
              .formatted(file.path(), Failure.reason(e));
    }
  }

  private static void log(FleetEvent event) {
    Event.CHANGE
        .with("revision", event.revision())
        .with("kind", event.kind())
        .with("field", event.name())
        .by(event.peer())
        .say(
            "after change %d: %s%s by %s: %s"
                .formatted(
                    event.revision(),
                    event.kind(),
                    event.name().isEmpty() ? "" : " %s (id %d)".formatted(event.name(), event.id()),
                    event.peer(),
                    event.words()));
  }
}
