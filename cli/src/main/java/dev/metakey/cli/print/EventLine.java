package dev.metakey.cli.print;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.List;

/** What a watch tells, each as one JSON object on one line. */
public final class EventLine {
  private EventLine() {}

  public static String state(Snapshot snapshot) {
    return Printer.object(
        "",
        json -> {
          json.name("event").value("state");
          Json.registry(json, snapshot.info());
          json.name("fields").beginArray();
          for (Field field : snapshot.fields()) {
            Json.field(json, field);
          }
          json.endArray();
        });
  }

  public static String changes(RegistryInfo info, List<Change> changes) {
    return Printer.object(
        "",
        json -> {
          json.name("event").value("changes");
          Json.registry(json, info);
          json.name("changes").beginArray();
          for (Change change : changes) {
            json.beginObject();
            ChangeForm.members(json, change);
            json.endObject();
          }
          json.endArray();
        });
  }

  static String disconnected(String cause) {
    return Printer.object(
        "",
        json -> {
          json.name("event").value("disconnected");
          json.name("message").value(cause);
        });
  }
}
