package dev.metakey.server.fleet;

import dev.metakey.fleet.v1.Known;
import dev.metakey.fleet.v1.Name;
import dev.metakey.model.FleetEventKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Something new about the fleet, told from what a host knew before and what it knows now. As the
 * host keeps what it knows, each is told once, also if the daemon was down meanwhile.
 *
 * @param name of a field; empty if it is about none
 * @param id -1 if it is about no field
 * @param host that changed it last; may be empty
 * @param text what else there is to say; may be empty
 */
public record FleetNews(
    FleetEventKind kind, String name, int id, int slot, String service, String host, String text) {
  private static final Name NONE = Name.newBuilder().setRetiredAtMs(1).build();

  private static FleetNews of(FleetEventKind kind, String text) {
    return new FleetNews(kind, "", -1, 0, "", "", text);
  }

  private static FleetNews of(FleetEventKind kind, Name name, String text) {
    return new FleetNews(
        kind,
        name.getSpec().getName(),
        name.getId(),
        name.getSlot(),
        name.getService(),
        name.getHost(),
        text);
  }

  /** What is known now and was not before. */
  static List<FleetNews> between(Known before, Known after) {
    List<FleetNews> news = new ArrayList<>();
    if (!after.getRegistryId().isEmpty() && !after.getRegistryId().equals(before.getRegistryId())) {
      news.add(of(FleetEventKind.FLEET_JOINED, "the fleet " + after.getFleet()));
    }
    if (!after.getObstacle().isEmpty() && !after.getObstacle().equals(before.getObstacle())) {
      news.add(of(FleetEventKind.FLEET_REFUSED, after.getObstacle()));
    }
    Map<String, Name> known = new HashMap<>();
    before.getNamesList().forEach(name -> known.put(name.getSpec().getName(), name));
    for (Name name : after.getNamesList()) {
      Name old = known.getOrDefault(name.getSpec().getName(), NONE);
      boolean wasLive = old.getRetiredAtMs() == 0;
      boolean isLive = name.getRetiredAtMs() == 0;
      if (isLive && (!wasLive || isMoved(old, name))) {
        news.add(of(FleetEventKind.FLEET_PLACED, name, wasLive ? "was " + place(old) : ""));
      } else if (!isLive && wasLive) {
        news.add(of(FleetEventKind.FLEET_RETIRED, name, ""));
      }
    }
    Set<String> noted = new HashSet<>(before.getFaultsList());
    after.getFaultsList().stream()
        .filter(fault -> !noted.contains(fault))
        .forEach(fault -> news.add(of(FleetEventKind.FLEET_CONTRADICTED, fault)));
    return news;
  }

  private static boolean isMoved(Name old, Name name) {
    return old.getId() != name.getId() || old.getSlot() != name.getSlot();
  }

  private static String place(Name name) {
    return name.getSlot() == 0
        ? "id " + name.getId()
        : "id %d in slot %d".formatted(name.getId(), name.getSlot());
  }
}
