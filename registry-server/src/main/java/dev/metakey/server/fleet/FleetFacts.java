package dev.metakey.server.fleet;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.metakey.fleet.v1.Facts;
import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import java.util.UUID;

/**
 * What all hosts of a fleet have in common.
 *
 * @param firstId the lowest id that the fleet hands out
 * @param lastId the highest
 * @param quarantineMs how long a name that no host holds keeps its id, milliseconds
 */
record FleetFacts(
    UUID fleetId, Layout layout, int areaBytes, int firstId, int lastId, long quarantineMs) {
  static final int FORMAT = 1;

  /**
   * @throws FleetException if the value is not sound, or of a later version of metakey
   */
  static FleetFacts parse(ByteString bytes) throws FleetException {
    try {
      return of(Facts.parseFrom(bytes));
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      throw new FleetException("the facts of the fleet cannot be read: " + e.getMessage(), e);
    }
  }

  static FleetFacts of(Facts facts) throws FleetException {
    if (facts.getFormat() != FORMAT) {
      throw new FleetException(
          "the fleet has format %d, and this metakeyd knows format %d; install the version that the other hosts have"
              .formatted(facts.getFormat(), FORMAT));
    }
    FleetFacts read =
        new FleetFacts(
            UUID.fromString(facts.getFleetId()),
            layout(facts.getLayout()),
            facts.getArea(),
            facts.getFirstId(),
            facts.getLastId(),
            facts.getQuarantineMs());
    boolean isSound =
        read.firstId >= 0
            && read.firstId <= read.lastId
            && read.lastId < Field.IDS
            && read.areaBytes % 8 == 0
            && read.areaBytes >= RegistryInfo.MIN_AREA_BYTES
            && read.areaBytes <= RegistryInfo.MAX_AREA_BYTES
            && read.quarantineMs >= 0;
    if (!isSound) {
      throw new FleetException("the facts of the fleet are wrong: %s".formatted(read));
    }
    return read;
  }

  private static Layout layout(dev.metakey.v1.Layout layout) {
    return switch (layout) {
      case LAYOUT_SLOTTED -> Layout.SLOTTED;
      case LAYOUT_PACKED -> Layout.PACKED;
      case LAYOUT_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("its layout is not known");
    };
  }

  String text() {
    return "layout %s, area %d, ids %d-%d, quarantine %d s"
        .formatted(layout, areaBytes, firstId, lastId, quarantineMs / 1_000);
  }

  Facts value() {
    return Facts.newBuilder()
        .setFleetId(fleetId.toString())
        .setFormat(FORMAT)
        .setLayout(
            layout == Layout.SLOTTED
                ? dev.metakey.v1.Layout.LAYOUT_SLOTTED
                : dev.metakey.v1.Layout.LAYOUT_PACKED)
        .setArea(areaBytes)
        .setFirstId(firstId)
        .setLastId(lastId)
        .setQuarantineMs(quarantineMs)
        .build();
  }

  /** Whether a value of this size can lie in this slot. */
  boolean hasSlot(int slot, int size) {
    if (layout == Layout.PACKED) {
      return slot == 0;
    }
    return slot % size == 0 && slot >= RegistryInfo.SLOTLESS_BYTES + size && slot <= areaBytes;
  }
}
