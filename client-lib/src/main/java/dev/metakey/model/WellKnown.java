package dev.metakey.model;

import java.util.List;

/**
 * The kernel's own fields: what its XDP metadata functions give. Always there, never in the area.
 */
public final class WellKnown {
  /** By ascending id, from {@link Field#IDS} up without a gap. */
  public static final List<Field> FIELDS =
      List.of(
          field(
              64,
              "kernel.rx_timestamp",
              8,
              Format.NS,
              "hardware receive time (bpf_xdp_metadata_rx_timestamp)"),
          field(65, "kernel.rx_hash", 4, Format.HEX, "receive hash (bpf_xdp_metadata_rx_hash)"),
          field(
              66,
              "kernel.rx_vlan_tag",
              4,
              Format.HEX,
              "VLAN protocol and tag (bpf_xdp_metadata_rx_vlan_tag)"));

  private WellKnown() {}

  private static Field field(int id, String name, int size, Format format, String description) {
    FieldSpec spec = FieldSpec.of(name, size).printedAs(format).describedAs(description);
    return new Field.Builder(id, spec, FieldState.WELL_KNOWN).build();
  }
}
