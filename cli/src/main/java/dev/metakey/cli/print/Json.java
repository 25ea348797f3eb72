package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Stamp;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The value types as JSON. Stable: members are added, and never renamed, removed or given another
 * meaning; all of them are always there, null where there is nothing to say. docs/cli.md lists
 * them.
 */
final class Json {
  private Json() {}

  /** Something that writes one value. */
  @FunctionalInterface
  interface Body {
    void write(JsonWriter json) throws IOException;
  }

  static void registry(JsonWriter json, RegistryInfo info) throws IOException {
    json.name("registry").beginObject();
    json.name("registry_id").value(info.registryId().toString());
    json.name("revision").value(info.revision());
    json.name("layout").value(info.layout().toString());
    json.name("area_bytes").value(info.areaBytes());
    json.endObject();
  }

  static void field(JsonWriter json, @Nullable Field field) throws IOException {
    if (field == null) {
      json.nullValue();
      return;
    }
    json.beginObject();
    fieldMembers(json, field);
    json.endObject();
  }

  static void fieldMembers(JsonWriter json, Field field) throws IOException {
    json.name("id").value(field.id());
    json.name("name").value(field.name());
    json.name("size").value(field.size());
    json.name("slot").value(field.slot());
    json.name("generation").value(field.generation());
    json.name("state").value(field.state().toString());
    json.name("description").value(field.spec().description());
    json.name("format").value(field.spec().format().toString());
    json.name("merge").value(field.spec().merge().toString());
    json.name("sharing").value(field.spec().sharing().toString());
    json.name("ttl_ms");
    orNull(json, field.spec().ttlMs());
    owners(json, field.owners());
    reservation(json, field.reservation());
    stamp(json, "created", field.created());
    stamp(json, "retired", field.retired());
    json.name("expires_at");
    time(json, field.expiresAtMs());
  }

  private static void owners(JsonWriter json, List<Owner> owners) throws IOException {
    json.name("owners").beginArray();
    for (Owner owner : owners) {
      owner(json, owner);
    }
    json.endArray();
  }

  private static void owner(JsonWriter json, Owner owner) throws IOException {
    json.beginObject();
    json.name("kind").value(owner.kind().toString());
    json.name("uid");
    unsignedOrNull(json, owner.uid());
    json.name("service").value(owner.service());
    json.endObject();
  }

  private static void reservation(JsonWriter json, @Nullable Reservation reservation)
      throws IOException {
    json.name("reservation");
    if (reservation == null) {
      json.nullValue();
      return;
    }
    json.beginObject();
    json.name("foreign").value(reservation.foreign());
    json.name("by").value(reservation.by());
    json.endObject();
  }

  private static void stamp(JsonWriter json, String name, Stamp stamp) throws IOException {
    json.name(name);
    if (stamp.isNone()) {
      json.nullValue();
      return;
    }
    json.beginObject();
    json.name("revision").value(stamp.revision());
    json.name("at");
    time(json, stamp.atMs());
    json.endObject();
  }

  static void differences(JsonWriter json, List<Difference> differences) throws IOException {
    json.name("differences").beginArray();
    for (Difference difference : differences) {
      json.beginObject();
      json.name("attribute").value(difference.attribute());
      json.name("registered").value(difference.registered());
      json.name("requested").value(difference.requested());
      json.endObject();
    }
    json.endArray();
  }

  static void peer(JsonWriter json, Peer peer) throws IOException {
    json.name("peer").beginObject();
    json.name("owner");
    owner(json, peer.owner());
    json.name("uid").value(Integer.toUnsignedLong(peer.uid()));
    json.name("gid");
    unsignedOrNull(json, peer.gid());
    json.name("pid");
    orNull(json, peer.pid());
    json.name("unit");
    orNull(json, peer.unit());
    json.name("container");
    orNull(json, peer.container());
    json.name("privileged").value(peer.privileged());
    json.endObject();
  }

  /** A uid or gid; null where there is none, or where it was not told. */
  private static void unsignedOrNull(JsonWriter json, int number) throws IOException {
    numberOrNull(json, number == -1, Integer.toUnsignedLong(number));
  }

  private static void orNull(JsonWriter json, String text) throws IOException {
    if (text.isEmpty()) {
      json.nullValue();
    } else {
      json.value(text);
    }
  }

  static void strings(JsonWriter json, String name, List<String> values) throws IOException {
    json.name(name).beginArray();
    for (String value : values) {
      json.value(value);
    }
    json.endArray();
  }

  /** A moment; null for 0. */
  static void time(JsonWriter json, long ms) throws IOException {
    if (ms == 0) {
      json.nullValue();
    } else {
      json.value(Text.exactTime(ms));
    }
  }

  private static void orNull(JsonWriter json, long value) throws IOException {
    numberOrNull(json, value == 0, value);
  }

  static void numberOrNull(JsonWriter json, boolean isNone, long value) throws IOException {
    if (isNone) {
      json.nullValue();
    } else {
      json.value(value);
    }
  }
}
