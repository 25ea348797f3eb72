package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.client.Answer;
import dev.metakey.client.History;
import dev.metakey.client.PolicyVerdict;
import dev.metakey.link.LinkedRecord;
import dev.metakey.model.Change;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldReport;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUser;
import dev.metakey.model.FleetHost;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetReport;
import dev.metakey.model.Header;
import dev.metakey.model.Orphan;
import dev.metakey.model.Pending;
import dev.metakey.model.Registered;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Set;

/** Prints one answer in the form that was asked for. */
public final class Printer {
  private final Terminal terminal;
  private final Output output;

  public Printer(Terminal terminal, Output output) {
    this.terminal = terminal;
    this.output = output;
  }

  public void fields(Answer<List<Field>> answer) {
    list(answer, "fields", answer.value(), new FieldForm());
  }

  /**
   * The fields in some states, and the ids that no field ever had.
   *
   * @param all every field, whatever its state
   */
  public void ids(Answer<List<Field>> all, Set<FieldState> wanted) {
    list(all, "fields", IdForm.entries(all.value(), wanted), new IdForm());
  }

  /**
   * @param orphans those of the answer that were asked for
   */
  public void orphans(Answer<?> answer, List<Orphan> orphans) {
    list(answer, "fields", orphans, new OrphanForm());
  }

  /** One field, in columns. */
  public void field(Answer<Field> answer) {
    one(answer, answer.value(), new FieldForm());
  }

  /** One field, a line for each thing that is known of it. */
  public void sheet(Answer<FieldReport> answer) {
    one(answer, answer.value(), new FieldSheetForm());
  }

  /** What a registration gave; a note for what was not taken over. */
  public void registered(Answer<List<Registered>> answer) {
    list(answer, "results", answer.value(), new RegisteredForm());
    for (Registered result : answer.value()) {
      differences(result.field().name(), result.differences());
    }
  }

  /** What linking did; a note for what was not taken over. */
  public void linked(Answer<List<LinkedRecord>> answer) {
    list(answer, "records", answer.value(), new LinkedForm());
    for (LinkedRecord record : answer.value()) {
      differences(record.use().name(), record.differences());
    }
  }

  private void differences(String name, List<Difference> differences) {
    for (Difference difference : differences) {
      terminal.note("%s: %s; it stays as registered".formatted(name, difference));
    }
  }

  public void pending(Answer<List<Pending>> answer) {
    list(answer, "pending", answer.value(), new PendingForm());
  }

  /**
   * @param users those of the answer that were asked for
   */
  public void users(Answer<?> answer, List<FieldUser> users) {
    list(answer, "users", users, new FieldUserForm());
  }

  /** What a packet carries; a note where it may not be of this host. */
  public void decoded(Answer<Decoded> answer) {
    Decoded decoded = answer.value();
    RegistryInfo info = answer.info();
    if (decoded.layout() != info.layout() || decoded.areaBytes() != info.areaBytes()) {
      terminal.note(
          "read as %s, area of %d bytes; on this host (%s, %d bytes) no program reads it"
              .formatted(decoded.layout(), decoded.areaBytes(), info.layout(), info.areaBytes()));
    }
    if (!decoded.tagChecked()) {
      terminal.note("its tag was not compared with this host's: anybody may have made these bytes");
    }
    ValueForm form = new ValueForm();
    switch (output) {
      case JSON ->
          document(
              json -> {
                list(json, answer, "values", decoded.values(), form);
                json.name("mark").beginObject();
                json.name("layout").value(decoded.layout().toString());
                json.name("area_bytes").value(decoded.areaBytes());
                json.name("tag_checked").value(decoded.tagChecked());
                json.endObject();
              });
      case NAME ->
          list(
              answer,
              "values",
              decoded.values().stream().filter(value -> value.field() != null).toList(),
              form);
      case TABLE, WIDE, JSONL -> list(answer, "values", decoded.values(), form);
    }
  }

  public void header(Answer<Header> answer) {
    whole(answer, answer.value(), new HeaderForm());
  }

  /**
   * Every id, and the area.
   *
   * @param columns what a line of the terminal holds
   */
  public void map(Answer<Snapshot> answer, int columns) {
    Json.Body body =
        json -> {
          about(json, answer);
          MapForm.members(json, answer.value());
        };
    switch (output) {
      case TABLE, WIDE -> new MapPicture(terminal, columns, answer.value()).print();
      case JSON -> document(body);
      case JSONL -> jsonLine(terminal, body);
      case NAME -> throw new IllegalArgumentException("a map has no names");
    }
  }

  public void status(Answer<DaemonStatus> answer) {
    whole(answer, answer.value(), new StatusForm());
  }

  /** How the host stands to its fleet. */
  public void fleet(Answer<FleetReport> answer) {
    whole(answer, answer.value(), new FleetForms.OfStatus());
  }

  public void fleetNames(Answer<FleetReport> answer) {
    list(answer, "names", answer.value().names(), new FleetForms.OfNames());
  }

  /**
   * @param plan what is, or becomes, of each name of the host
   */
  public void fleetPlan(Answer<?> answer, List<FleetPlanLine> plan) {
    list(answer, "plan", plan, new FleetForms.OfPlan());
  }

  public void fleetHosts(Answer<List<FleetHost>> answer) {
    list(answer, "hosts", answer.value(), new FleetForms.OfHosts());
  }

  /**
   * What the policy says.
   *
   * @param name what it was asked about; empty for all names
   */
  public void verdict(Answer<PolicyVerdict> answer, String name) {
    whole(answer, answer.value(), new VerdictForm(name));
  }

  /**
   * Changes, and what became of the host in its fleet; where more follow, a note says how to get
   * them.
   */
  public void history(Answer<History> answer) {
    List<HistoryEntry> changes = HistoryEntry.of(answer.value());
    long next = answer.value().nextSinceRevision();
    HistoryForm form = new HistoryForm();
    if (output == Output.JSON) {
      document(
          json -> {
            list(json, answer, "changes", changes, form);
            json.name("next_since_revision");
            if (next == 0) {
              json.nullValue();
            } else {
              json.value(next);
            }
          });
    } else {
      list(answer, "changes", changes, form);
    }
    if (next != 0) {
      terminal.note("more changes follow; see them with --since " + next);
    }
  }

  /** What a file changes, or would change; no table if that is nothing, as the caller says so. */
  public void planned(Answer<List<Change>> answer) {
    boolean isTable = output == Output.TABLE || output == Output.WIDE;
    if (answer.value().isEmpty() && isTable) {
      return;
    }
    list(answer, "changes", answer.value(), new PlanForm());
  }

  /** Whether the daemon reports no problem. */
  public static boolean isHealthy(DaemonStatus status) {
    return StatusForm.isHealthy(status);
  }

  private <T> void list(Answer<?> answer, String key, List<T> values, Form<T> form) {
    switch (output) {
      case TABLE, WIDE -> table(form.table(values, output == Output.WIDE));
      case JSON -> document(json -> list(json, answer, key, values, form));
      case JSONL -> values.forEach(value -> line(answer, value, form));
      case NAME ->
          values.stream()
              .map(form::name)
              .filter(name -> !name.isEmpty()) // an event of the fleet may be about none
              .forEach(terminal::line);
    }
  }

  private <T> void one(Answer<?> answer, T value, Form<T> form) {
    switch (output) {
      case TABLE, WIDE -> table(form.table(List.of(value), output == Output.WIDE));
      case JSON ->
          document(
              json -> {
                about(json, answer);
                json.name("field").beginObject();
                form.members(json, value);
                json.endObject();
              });
      case JSONL -> line(answer, value, form);
      case NAME -> terminal.line(form.name(value));
    }
  }

  /** A value that is the whole answer, not one of several. */
  private <T> void whole(Answer<?> answer, T value, Form<T> form) {
    Json.Body body =
        json -> {
          about(json, answer);
          form.members(json, value);
        };
    switch (output) {
      case TABLE, WIDE -> table(form.table(List.of(value), output == Output.WIDE));
      case JSON -> document(body);
      case JSONL -> jsonLine(terminal, body);
      case NAME -> terminal.line(form.name(value));
    }
  }

  private void table(Table table) {
    if (table.isEmpty()) {
      terminal.note("nothing to show");
    } else {
      table.print(terminal, output == Output.WIDE ? Integer.MAX_VALUE : terminal.room());
    }
  }

  private static <T> void list(
      JsonWriter json, Answer<?> answer, String key, List<T> values, Form<T> form)
      throws IOException {
    about(json, answer);
    json.name(key).beginArray();
    for (T value : values) {
      json.beginObject();
      form.members(json, value);
      json.endObject();
    }
    json.endArray();
  }

  private static void about(JsonWriter json, Answer<?> answer) throws IOException {
    Json.registry(json, answer.info());
    json.name("stale").value(answer.stale());
  }

  private <T> void line(Answer<?> answer, T value, Form<T> form) {
    jsonLine(
        terminal,
        json -> {
          form.members(json, value);
          json.name("stale").value(answer.stale());
        });
  }

  /** One object on one line. */
  static void jsonLine(Terminal terminal, Json.Body body) {
    terminal.line(object("", body));
  }

  private void document(Json.Body body) {
    jsonDocument(terminal, body);
  }

  /** One object, indented. */
  static void jsonDocument(Terminal terminal, Json.Body body) {
    terminal.line(object("  ", body));
  }

  /**
   * An object as text.
   *
   * @param indent empty: all on one line
   */
  static String object(String indent, Json.Body body) {
    StringWriter text = new StringWriter();
    try (JsonWriter json = new JsonWriter(text)) {
      json.setIndent(indent);
      json.beginObject();
      body.write(json);
      json.endObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return text.toString();
  }
}
