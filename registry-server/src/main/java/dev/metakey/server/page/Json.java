package dev.metakey.server.page;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Stamp;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The value types as JSON, in the form of {@code metakey -o json} (docs/cli.md). */
final class Json {
  private static final DateTimeFormatter MILLIS =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

  private Json() {}

  /** Writes the members of an object. */
  @FunctionalInterface
  interface Members {
    void write(JsonWriter json) throws IOException;
  }

  /** An object in one line. */
  static byte[] object(Members members) {
    StringWriter text = new StringWriter();
    JsonWriter json = new JsonWriter(text);
    json.setHtmlSafe(true); // escapes what ends a line for some readers, too
    try {
      json.beginObject();
      members.write(json);
      json.endObject();
    } catch (IOException e) { // from a StringWriter?
      throw new UncheckedIOException(e);
    }
    return text.toString().getBytes(UTF_8);
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
    json.name("owners").beginArray();
    for (Owner owner : field.owners()) {
      owner(json, owner);
    }
    json.endArray();
    reservation(json, field.reservation());
    stamp(json, "created", field.created());
    stamp(json, "retired", field.retired());
    time(json, "expires_at", field.expiresAtMs());
    json.endObject();
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
    time(json, "at", stamp.atMs());
    json.endObject();
  }

  static void change(JsonWriter json, Change change) throws IOException {
    json.beginObject();
    json.name("revision").value(change.revision());
    json.name("commit_revision").value(change.commitRevision());
    time(json, "at", change.atMs());
    json.name("kind").value(change.kind().toString());
    json.name("admin").value(change.isByAdmin());
    json.name("before");
    field(json, change.before());
    json.name("after");
    field(json, change.after());
    peer(json, change.peer());
    json.endObject();
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

  static void strings(JsonWriter json, String name, List<String> values) throws IOException {
    json.name(name).beginArray();
    for (String value : values) {
      json.value(value);
    }
    json.endArray();
  }

  /** A moment; null for 0. */
  static void time(JsonWriter json, String name, long ms) throws IOException {
    json.name(name);
    if (ms == 0) {
      json.nullValue();
    } else {
      json.value(MILLIS.format(Instant.ofEpochMilli(ms)));
    }
  }

  /** A uid or gid; null where there is none, or where it is not told. */
  private static void unsignedOrNull(JsonWriter json, int number) throws IOException {
    if (number == -1) {
      json.nullValue();
    } else {
      json.value(Integer.toUnsignedLong(number));
    }
  }

  private static void orNull(JsonWriter json, String text) throws IOException {
    if (text.isEmpty()) {
      json.nullValue();
    } else {
      json.value(text);
    }
  }

  private static void orNull(JsonWriter json, long value) throws IOException {
    if (value == 0) {
      json.nullValue();
    } else {
      json.value(value);
    }
  }
}
