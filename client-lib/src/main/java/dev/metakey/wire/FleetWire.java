package dev.metakey.wire;

import com.google.protobuf.util.Timestamps;
import dev.metakey.model.FleetEvent;
import dev.metakey.model.FleetEventKind;
import dev.metakey.model.FleetHost;
import dev.metakey.model.FleetName;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetReport;
import dev.metakey.model.FleetStatus;
import dev.metakey.v1.GetFleetResponse;
import java.util.Comparator;

/** What is said of a fleet, as messages and back. */
public final class FleetWire {
  private FleetWire() {}

  public static dev.metakey.v1.FleetStatus status(FleetStatus status) {
    return dev.metakey.v1.FleetStatus.newBuilder()
        .setName(status.name())
        .setJoined(status.joined())
        .setConnected(status.connected())
        .setSince(Timestamps.fromMillis(status.sinceMs()))
        .setWhy(status.why())
        .setRevision(status.revision())
        .setFirstId(status.firstId())
        .setLastId(status.lastId())
        .setPrefixes(status.prefixes())
        .setHosts(status.hosts())
        .setNames(status.names())
        .setDivergent(status.divergent())
        .setHostNames(status.quota().hostNames())
        .setNamesPerHost(status.quota().namesPerHost())
        .setNamesPerService(status.quota().namesPerService())
        .addAllProblems(status.problems())
        .build();
  }

  public static dev.metakey.v1.FleetName name(FleetName name) {
    return dev.metakey.v1.FleetName.newBuilder()
        .setSpec(Wire.spec(name.spec()))
        .setId(name.id())
        .setSlot(name.slot())
        .setService(name.service())
        .setGeneration(name.generation())
        .setRetired(name.retired())
        .build();
  }

  public static dev.metakey.v1.FleetPlanLine line(FleetPlanLine line) {
    return dev.metakey.v1.FleetPlanLine.newBuilder()
        .setName(line.name())
        .setId(line.id())
        .setSlot(line.slot())
        .setAgrees(line.agrees())
        .setVerdict(line.verdict())
        .build();
  }

  public static dev.metakey.v1.FleetHost host(FleetHost host) {
    return dev.metakey.v1.FleetHost.newBuilder()
        .setName(host.name())
        .setRegistryId(host.registryId())
        .setVersion(host.version())
        .setSince(Timestamps.fromMillis(host.sinceMs()))
        .build();
  }

  public static FleetReport report(GetFleetResponse reply) {
    return new FleetReport(
        status(reply.getStatus()),
        reply.getNamesList().stream()
            .map(FleetWire::name)
            .sorted(Comparator.comparingInt(FleetName::id))
            .toList(),
        reply.getPlanList().stream().map(FleetWire::line).toList());
  }

  private static FleetStatus status(dev.metakey.v1.FleetStatus wire) {
    return new FleetStatus(
        wire.getName(),
        wire.getJoined(),
        wire.getConnected(),
        Timestamps.toMillis(wire.getSince()),
        wire.getWhy(),
        wire.getRevision(),
        wire.getFirstId(),
        wire.getLastId(),
        wire.getPrefixes(),
        wire.getHosts(),
        wire.getNames(),
        wire.getDivergent(),
        new FleetStatus.Quota(
            wire.getHostNames(), wire.getNamesPerHost(), wire.getNamesPerService()),
        wire.getProblemsList());
  }

  private static FleetName name(dev.metakey.v1.FleetName wire) {
    return new FleetName(
        Replies.spec(wire.getSpec()),
        wire.getId(),
        wire.getSlot(),
        wire.getService(),
        wire.getGeneration(),
        wire.getRetired());
  }

  public static FleetPlanLine line(dev.metakey.v1.FleetPlanLine wire) {
    return new FleetPlanLine(
        wire.getName(), wire.getId(), wire.getSlot(), wire.getAgrees(), wire.getVerdict());
  }

  public static FleetHost host(dev.metakey.v1.FleetHost wire) {
    return new FleetHost(
        wire.getName(),
        wire.getRegistryId(),
        wire.getVersion(),
        Timestamps.toMillis(wire.getSince()));
  }

  public static dev.metakey.v1.FleetEvent event(FleetEvent event) {
    var wire =
        dev.metakey.v1.FleetEvent.newBuilder()
            .setRevision(event.revision())
            .setAt(Timestamps.fromMillis(event.atMs()))
            .setKind(kind(event.kind()))
            .setName(event.name())
            .setSlot(event.slot())
            .setService(event.service())
            .setHost(event.host())
            .setText(event.text())
            .setPeer(Wire.peer(event.peer()));
    if (event.id() >= 0) {
      wire.setId(event.id());
    }
    return wire.build();
  }

  public static FleetEvent event(dev.metakey.v1.FleetEvent wire) {
    return new FleetEvent(
        wire.getRevision(),
        Timestamps.toMillis(wire.getAt()),
        kind(wire.getKind()),
        wire.getName(),
        wire.hasId() ? wire.getId() : -1,
        wire.getSlot(),
        wire.getService(),
        wire.getHost(),
        wire.getText(),
        Replies.peer(wire.getPeer()));
  }

  private static dev.metakey.v1.FleetEventKind kind(FleetEventKind kind) {
    return switch (kind) {
      case OTHER -> dev.metakey.v1.FleetEventKind.FLEET_EVENT_KIND_UNSPECIFIED;
      case FLEET_JOINED -> dev.metakey.v1.FleetEventKind.FLEET_EVENT_KIND_JOINED;
      case FLEET_REFUSED -> dev.metakey.v1.FleetEventKind.FLEET_EVENT_KIND_REFUSED;
      case FLEET_PLACED -> dev.metakey.v1.FleetEventKind.FLEET_EVENT_KIND_PLACED;
      case FLEET_RETIRED -> dev.metakey.v1.FleetEventKind.FLEET_EVENT_KIND_RETIRED;
      case FLEET_ADOPTED -> dev.metakey.v1.FleetEventKind.FLEET_EVENT_KIND_ADOPTED;
      case FLEET_FORGOT -> dev.metakey.v1.FleetEventKind.FLEET_EVENT_KIND_FORGOT;
      case FLEET_CONTRADICTED -> dev.metakey.v1.FleetEventKind.FLEET_EVENT_KIND_CONTRADICTED;
    };
  }

  private static FleetEventKind kind(dev.metakey.v1.FleetEventKind kind) {
    return switch (kind) {
      case FLEET_EVENT_KIND_JOINED -> FleetEventKind.FLEET_JOINED;
      case FLEET_EVENT_KIND_REFUSED -> FleetEventKind.FLEET_REFUSED;
      case FLEET_EVENT_KIND_PLACED -> FleetEventKind.FLEET_PLACED;
      case FLEET_EVENT_KIND_RETIRED -> FleetEventKind.FLEET_RETIRED;
      case FLEET_EVENT_KIND_ADOPTED -> FleetEventKind.FLEET_ADOPTED;
      case FLEET_EVENT_KIND_FORGOT -> FleetEventKind.FLEET_FORGOT;
      case FLEET_EVENT_KIND_CONTRADICTED -> FleetEventKind.FLEET_CONTRADICTED;
      case FLEET_EVENT_KIND_UNSPECIFIED, UNRECOGNIZED -> FleetEventKind.OTHER;
    };
  }
}
