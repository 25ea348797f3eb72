package dev.metakey.server.fleet;

import dev.metakey.model.Layout;
import java.util.List;
import java.util.Objects;

/** Compares a config with the fleet that it names, and changes nothing. */
public final class FleetCheck {
  private FleetCheck() {}

  /**
   * @return what keeps a host with this config from joining; empty if nothing does
   * @throws FleetException if etcd does not answer
   */
  public static String obstacle(
      FleetSettings settings, EtcdAccess access, Layout layout, int areaBytes)
      throws FleetException {
    FleetKeys keys = FleetKeys.of(settings.name());
    try (EtcdStore store = new EtcdStore(access)) {
      FleetStore.Entry facts = store.read(List.of(keys.facts())).entries().get(keys.facts());
      if (facts == null) {
        return ""; // this host will make it
      }
      FleetFacts said = FleetFacts.parse(Objects.requireNonNull(facts.value()));
      return said.layout() == layout && said.areaBytes() == areaBytes
          ? ""
          : "the config asks for layout %s with area %d, and the fleet %s has layout %s with area %d; a host that differs cannot join it"
              .formatted(layout, areaBytes, settings.name(), said.layout(), said.areaBytes());
    }
  }
}
