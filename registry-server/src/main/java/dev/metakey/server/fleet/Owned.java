package dev.metakey.server.fleet;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.metakey.fleet.v1.Place;
import dev.metakey.server.fleet.FleetStore.Entry;
import java.util.Objects;

/**
 * Whose an id is, or two bytes of the area.
 *
 * @param name empty if the value says nothing
 * @param revision of the key
 */
record Owned(String name, long revision) {
  static Owned of(Entry entry) {
    try {
      Place place = Place.parseFrom(Objects.requireNonNull(entry.value()));
      return new Owned(place.getName(), entry.revision());
    } catch (InvalidProtocolBufferException e) {
      return new Owned("", entry.revision());
    }
  }
}
