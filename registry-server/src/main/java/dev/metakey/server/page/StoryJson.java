package dev.metakey.server.page;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Blocker;
import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Blockers;
import dev.metakey.server.domain.Drift;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.Orphans;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.engine.Engine;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is known of one id, and of the field that has it, as JSON. */
final class StoryJson {
  /** How many programs are told of. */
  private static final int MOST_PROGRAMS = 100;

  private final Engine engine;
  private final Chronicle chronicle;

  StoryJson(Engine engine) {
    this.engine = engine;
    this.chronicle = new Chronicle(engine);
  }

  /**
   * Reads the disk.
   *
   * @param id 0-63
   */
  byte[] of(int id, View view) {
    History history = history(id, view);
    RegistryState state = engine.state();
    Snapshot snapshot = state.snapshot();
    Field record = snapshot.byId(id);
    Field field = record != null && view.shows(record.name()) ? record : null;
    return Json.object(
        json -> {
          Json.registry(json, snapshot.info());
          json.name("id").value(id);
          json.name("state").value((record == null ? FieldState.FREE : record.state()).toString());
          json.name("field");
          Json.field(json, field);
          reports(json, state, field, view);
          history.write(json);
          programs(json, state, id, view);
        });
  }

  /**
   * What is kept of an id's history.
   *
   * @param problem why it cannot be read; null if it can
   */
  private record History(List<Change> changes, @Nullable String problem) {
    void write(JsonWriter json) throws IOException {
      json.name("history").beginArray();
      for (Change change : changes) {
        Json.change(json, change);
      }
      json.endArray();
      json.name("history_problem").value(problem);
    }
  }

  private History history(int id, View view) {
    try {
      return new History(
          chronicle.of(id).stream().filter(view::shows).map(view::of).toList(), null);
    } catch (MetakeyException e) {
      return new History(List.of(), e.text());
    }
  }

  private void reports(JsonWriter json, RegistryState state, @Nullable Field field, View view)
      throws IOException {
    Now now = engine.now();
    long lastUsedMs =
        field != null && field.is(FieldState.ACTIVE)
            ? Orphans.lastUsedMs(engine.uses().read(), field, now)
            : 0;
    Json.time(json, "last_used", lastUsedMs);
    json.name("blockers").beginArray();
    if (field != null) {
      for (Blocker blocker : Blockers.of(state, view.rules(), field, view.viewer(), now)) {
        json.beginObject();
        json.name("kind").value(blocker.kind().toString());
        Json.time(json, "until", blocker.untilMs());
        json.name("text").value(blocker.text());
        json.endObject();
      }
    }
    json.endArray();
  }

  private void programs(JsonWriter json, RegistryState state, int id, View view)
      throws IOException {
    json.name("programs");
    if (!view.isFull()) {
      json.nullValue();
      return;
    }
    Snapshot snapshot = state.snapshot();
    Field field = snapshot.byId(id);
    json.beginArray();
    int told = 0;
    for (LoadedProgram program : state.programs().loaded()) {
      for (FieldUse use : program.uses()) {
        if (isOf(use, id, field) && told++ < MOST_PROGRAMS) {
          program(json, program, use, Drift.faultOf(snapshot, state.tag(), use));
        }
      }
    }
    json.endArray();
  }

  private static boolean isOf(FieldUse use, int id, @Nullable Field field) {
    FieldUse.Place place = use.place();
    boolean isNamed =
        field != null && !field.is(FieldState.FREE) && field.name().equals(use.name());
    return isNamed || (place != null && place.id() == id);
  }

  private static void program(JsonWriter json, LoadedProgram program, FieldUse use, String fault)
      throws IOException {
    json.beginObject();
    json.name("id").value(program.id());
    json.name("name").value(program.name());
    json.name("type").value(program.type());
    Json.time(json, "loaded_at", program.loadedAtMs());
    json.name("field").value(use.name());
    json.name("role").value(use.role().toString());
    json.name("linked").value(use.place() != null);
    json.name("stale_because").value(fault.isEmpty() ? null : fault);
    json.endObject();
  }
}
