package dev.metakey.server.page;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.LimitUse;
import dev.metakey.model.Pending;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Programs;
import dev.metakey.server.engine.Engine;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * All that the page shows at once, as JSON: the registry at one revision, and what the daemon tells
 * of itself. It is the same for as long as nothing changes.
 */
final class StateJson {
  /** How many waiters are named, and how many names for each. */
  private static final int MOST_WAITERS = 50;

  private static final int MOST_NAMES = 8;

  private final Engine engine;
  private final Supplier<DaemonStatus> statuses;
  private final BooleanSupplier changesPossible;

  StateJson(Engine engine, Supplier<DaemonStatus> statuses, BooleanSupplier changesPossible) {
    this.engine = engine;
    this.statuses = statuses;
    this.changesPossible = changesPossible;
  }

  byte[] of(View view) {
    Snapshot snapshot = engine.snapshot();
    DaemonStatus status = statuses.get();
    DaemonStatus shown = view.isFull() ? status : status.withoutBiggestUsers();
    return Json.object(
        json -> {
          Json.registry(json, snapshot.info());
          json.name("shows").value(view.isFull() ? "full" : "public");
          ids(json, snapshot, view);
          area(json, snapshot);
          health(json, shown);
          publications(json, shown.publications());
          programs(json, shown.programs());
          limits(json, shown.limits());
          waiters(json, shown.queues(), view);
        });
  }

  private void ids(JsonWriter json, Snapshot snapshot, View view) throws IOException {
    List<Integer> free = snapshot.freeIds();
    List<Integer> forAdmins =
        free.subList(Math.max(0, free.size() - Snapshot.IDS_FOR_ADMINS), free.size());
    Map<Integer, Integer> programs = view.isFull() ? users(engine.programs()) : Map.of();
    json.name("ids").beginArray();
    for (int id = 0; id < Field.IDS; id++) {
      Field field = snapshot.byId(id);
      boolean isFree = field == null || field.is(FieldState.FREE);
      boolean isShown = field != null && !isFree && view.shows(field.name());
      json.beginObject();
      json.name("id").value(id);
      json.name("state").value((field == null ? FieldState.FREE : field.state()).toString());
      json.name("for_admins").value(forAdmins.contains(id));
      json.name("hidden").value(!isFree && !isShown);
      json.name("programs").value(view.isFull() ? programs.getOrDefault(id, 0) : null);
      json.name("field");
      Json.field(json, isShown ? field : null);
      json.endObject();
    }
    json.endArray();
  }

  /** How many loaded programs are linked to each id. */
  private static Map<Integer, Integer> users(Programs programs) {
    Map<Integer, Integer> users = new HashMap<>();
    programs.loaded().stream()
        .flatMap(
            program ->
                program.uses().stream()
                    .flatMap(use -> Stream.ofNullable(use.place()))
                    .map(place -> place.id())
                    .distinct())
        .forEach(id -> users.merge(id, 1, Integer::sum));
    return users;
  }

  private static void area(JsonWriter json, Snapshot snapshot) throws IOException {
    json.name("slot_bytes").value(snapshot.info().slotBytes());
    json.name("slot_bytes_for_admins").value(snapshot.info().slotBytesForAdmins());
    json.name("value_bytes").value(snapshot.header().valueBytes());
    json.name("area").beginArray();
    for (AreaPieces.Piece piece : AreaPieces.of(snapshot)) {
      json.beginObject();
      json.name("at").value(piece.at());
      json.name("size").value(piece.size());
      json.name("what").value(piece.what());
      json.name("id");
      if (piece.id() < 0) {
        json.nullValue();
      } else {
        json.value(piece.id());
      }
      json.endObject();
    }
    json.endArray();
  }

  private void health(JsonWriter json, DaemonStatus status) throws IOException {
    json.name("daemon").beginObject();
    json.name("version").value(status.daemon().version());
    Json.time(json, "started_at", status.daemon().startedAtMs());
    json.endObject();
    json.name("health").beginObject();
    json.name("changes_possible").value(changesPossible.getAsBoolean());
    String readOnly = engine.rules().readOnly();
    json.name("read_only").value(readOnly.isEmpty() ? null : readOnly);
    Json.strings(json, "problems", status.problems());
    json.endObject();
  }

  private static void publications(JsonWriter json, List<DaemonStatus.Publication> publications)
      throws IOException {
    json.name("publications").beginArray();
    for (DaemonStatus.Publication publication : publications) {
      json.beginObject();
      json.name("name").value(publication.name());
      json.name("path").value(publication.path());
      json.name("revision").value(publication.isPublished() ? publication.revision() : null);
      json.name("problem").value(publication.problem().isEmpty() ? null : publication.problem());
      json.endObject();
    }
    json.endArray();
  }

  private static void programs(JsonWriter json, DaemonStatus.Programs programs) throws IOException {
    json.name("programs").beginObject();
    json.name("looked_at").value(programs.areLookedAt());
    json.name("loaded").value(programs.loaded());
    json.name("stale").value(programs.stale());
    json.name("unseen").value(programs.unseen().isEmpty() ? null : programs.unseen());
    json.endObject();
  }

  private static void limits(JsonWriter json, List<LimitUse> limits) throws IOException {
    json.name("limits").beginArray();
    for (LimitUse limit : limits) {
      json.beginObject();
      json.name("name").value(limit.name());
      json.name("per_uid").value(limit.perUid());
      json.name("total").value(limit.total() == 0 ? null : limit.total());
      json.name("used").value(limit.used());
      json.name("refused").value(limit.refused());
      json.name("users").value(limit.users());
      json.name("near").value(limit.isNear());
      json.name("biggest").beginArray();
      for (LimitUse.User user : limit.biggest()) {
        json.beginObject();
        json.name("uid").value(Integer.toUnsignedLong(user.uid()));
        json.name("used").value(user.used());
        json.endObject();
      }
      json.endArray();
      json.endObject();
    }
    json.endArray();
  }

  private void waiters(JsonWriter json, DaemonStatus.Queues queues, View view) throws IOException {
    json.name("queues").beginObject();
    json.name("commands").value(queues.commands());
    json.name("resolves").value(queues.resolves());
    json.name("watches").value(queues.watches());
    json.endObject();
    json.name("waiters");
    if (!view.isFull()) {
      json.nullValue();
      return;
    }
    json.beginArray();
    for (Pending waiter : engine.pending(0, MOST_WAITERS).pending()) {
      json.beginObject();
      Json.peer(json, waiter.peer());
      Json.strings(json, "missing", waiter.missing().stream().limit(MOST_NAMES).toList());
      json.name("missing_names").value(waiter.missing().size());
      Json.time(json, "since", waiter.sinceMs());
      Json.time(json, "until", waiter.untilMs());
      json.endObject();
    }
    json.endArray();
  }
}
