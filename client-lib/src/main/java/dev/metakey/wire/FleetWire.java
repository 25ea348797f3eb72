package dev.metakey.wire;

import com.google.protobuf.util.Timestamps;
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
}
