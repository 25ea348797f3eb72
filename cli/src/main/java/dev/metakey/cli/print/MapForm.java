package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.io.IOException;
import java.util.List;

/** Every id and what it stands for, as JSON; {@link MapPicture} is what people see. */
final class MapForm {
  private MapForm() {}

  static void members(JsonWriter json, Snapshot snapshot) throws IOException {
    List<Integer> forAdmins = MapPicture.forAdmins(snapshot);
    json.name("ids").beginArray();
    for (int id = 0; id < Field.IDS; id++) {
      Field field = MapPicture.fieldAt(snapshot, id);
      json.beginObject();
      json.name("id").value(id);
      json.name("state").value((field == null ? FieldState.FREE : field.state()).toString());
      json.name("for_admins").value(forAdmins.contains(id));
      json.name("field");
      Json.field(json, field);
      json.endObject();
    }
    json.endArray();
    RegistryInfo info = snapshot.info();
    json.name("slot_bytes").value(info.slotBytes());
    json.name("slot_bytes_for_admins").value(info.slotBytesForAdmins());
    json.name("value_bytes").value(snapshot.header().valueBytes());
  }
}
