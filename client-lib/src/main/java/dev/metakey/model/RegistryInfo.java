package dev.metakey.model;

import java.util.UUID;

/**
 * What every reply says about the registry that gave it.
 *
 * @param registryId made with an empty database and anew by a restore: never compare revisions of
 *     two registries
 * @param revision counts committed changes; 0 for an empty registry
 * @param areaBytes size of the metadata area: a multiple of 8, {@link #MIN_AREA_BYTES} to {@link
 *     #MAX_AREA_BYTES}
 */
public record RegistryInfo(UUID registryId, long revision, Layout layout, int areaBytes) {
  /** The mark, the presence bitmap and room for one value. */
  public static final int MIN_AREA_BYTES = 24;

  /** A driver's 256 bytes of headroom also hold the frame's 40-byte header. */
  public static final int MAX_AREA_BYTES = 216;

  public static final int DEFAULT_AREA_BYTES = 128;

  /** The mark and the presence bitmap: what no slot can have of a slotted area. */
  public static final int SLOTLESS_BYTES = 16;

  /** How many slot bytes are for admins only, so that nobody else can take all of them. */
  private static final int SLOT_BYTES_FOR_ADMINS = 16;

  /** Bytes that slots may take; 0 in the packed layout. */
  public int slotBytes() {
    return layout == Layout.SLOTTED ? areaBytes - SLOTLESS_BYTES : 0;
  }

  /** How many of the slot bytes are for admins only, the last free ones. A small area has none. */
  public int slotBytesForAdmins() {
    return slotBytes() < 4 * SLOT_BYTES_FOR_ADMINS ? 0 : SLOT_BYTES_FOR_ADMINS;
  }

  public RegistryInfo withRevision(long newRevision) {
    return new RegistryInfo(registryId, newRevision, layout, areaBytes);
  }
}
