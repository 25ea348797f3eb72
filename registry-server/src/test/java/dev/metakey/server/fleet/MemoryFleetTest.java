package dev.metakey.server.fleet;

import org.junit.jupiter.api.DisplayName;

@DisplayName("the store in memory")
class MemoryFleetTest extends FleetStoreContract {
  private final MemoryFleet fleet = new MemoryFleet();

  @Override
  FleetStore connect() {
    return fleet.connect();
  }

  @Override
  void compact(long revision) {
    fleet.compact();
  }
}
