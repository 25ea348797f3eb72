package dev.metakey.server.domain;

import java.util.BitSet;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fleet that this host belongs to, as far as the host knows it: an input of the rules, like the
 * policy. A name of the fleet has the fleet's id and slot; the others get what the fleet leaves to
 * this host.
 *
 * @param name empty if this host belongs to none
 * @param prefixes which names are the fleet's
 * @param firstId the lowest id that the fleet hands out
 * @param lastId the highest
 * @param joined whether this host has joined it
 * @param away whether the fleet cannot be asked now
 * @param localWhenAway whether a new name gets an id of this host's own while the fleet is away
 * @param fields by name
 */
public record Fleet(
    String name,
    Prefixes prefixes,
    int firstId,
    int lastId,
    boolean joined,
    boolean away,
    boolean localWhenAway,
    Map<String, FleetField> fields) {
  /** This host belongs to no fleet. */
  public static final Fleet NONE =
      new Fleet("", Prefixes.NONE, 0, -1, false, false, false, Map.of());

  public Fleet {
    fields = Map.copyOf(fields);
  }

  public boolean isNone() {
    return name.isEmpty();
  }

  /** Whether the name is the fleet's to place. */
  public boolean hasName(String fieldName) {
    return prefixes.contains(fieldName);
  }

  /** Whether the fleet hands the id out. */
  public boolean hasId(int id) {
    return id >= firstId && id <= lastId;
  }

  /** What the fleet knows of a name that some host holds; null if none does. */
  public @Nullable FleetField live(String fieldName) {
    FleetField field = fields.get(fieldName);
    return field == null || field.retired() ? null : field;
  }

  /** The bytes of a slotted area that the fleet's names have, by distance from the packet. */
  BitSet bytes() {
    BitSet bytes = new BitSet();
    fields.values().forEach(field -> bytes.or(field.bytes()));
    return bytes;
  }
}
