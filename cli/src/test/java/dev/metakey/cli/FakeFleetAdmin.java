package dev.metakey.cli;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetHost;
import dev.metakey.model.FleetName;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetStatus;
import dev.metakey.v1.AdoptFleetIdRequest;
import dev.metakey.v1.AdoptFleetIdResponse;
import dev.metakey.v1.ExportFleetRequest;
import dev.metakey.v1.ExportFleetResponse;
import dev.metakey.v1.Field;
import dev.metakey.v1.FleetAdminGrpc;
import dev.metakey.v1.ForgetFleetHostRequest;
import dev.metakey.v1.ForgetFleetHostResponse;
import dev.metakey.v1.GetFleetRequest;
import dev.metakey.v1.GetFleetResponse;
import dev.metakey.v1.JoinFleetRequest;
import dev.metakey.v1.JoinFleetResponse;
import dev.metakey.v1.ListFleetHostsRequest;
import dev.metakey.v1.ListFleetHostsResponse;
import dev.metakey.v1.RegistryInfo;
import dev.metakey.wire.FleetWire;
import io.grpc.stub.StreamObserver;
import java.util.List;

/** A fleet of two hosts, of which this one has a conflict. */
final class FakeFleetAdmin extends FleetAdminGrpc.FleetAdminImplBase {
  private static final FleetStatus STATUS =
      new FleetStatus(
          "prod",
          true,
          false,
          1_700_000_000_000L,
          "connection refused",
          42,
          0,
          47,
          "edge., shared",
          2,
          2,
          1,
          new FleetStatus.Quota(2, 32, 16),
          List.of("edge.hop is id 3, slot 24 here, and id 7, slot 64 in fleet prod"));
  private static final List<FleetPlanLine> PLAN =
      List.of(
          new FleetPlanLine("edge.packet_id", 17, 64, true, "agrees"),
          new FleetPlanLine(
              "edge.hop", 3, 24, false, "the fleet has it with id 7 in slot 64, size 2"));

  private final RegistryInfo info;
  private final Field field;

  FakeFleetAdmin(RegistryInfo info, Field field) {
    this.info = info;
    this.field = field;
  }

  private static <A> void answer(StreamObserver<A> caller, A answer) {
    caller.onNext(answer);
    caller.onCompleted();
  }

  @Override
  public void getFleet(GetFleetRequest request, StreamObserver<GetFleetResponse> caller) {
    FieldSpec packet = FieldSpec.of("edge.packet_id", 8);
    FieldSpec hop = FieldSpec.of("edge.hop", 2).shared();
    answer(
        caller,
        GetFleetResponse.newBuilder()
            .setRegistry(info)
            .setStatus(FleetWire.status(STATUS))
            .addNames(FleetWire.name(new FleetName(packet, 17, 64, "edge.service", 1, false)))
            .addNames(FleetWire.name(new FleetName(hop, 7, 64, "tracer", 2, true)))
            .addAllPlan(PLAN.stream().map(FleetWire::line).toList())
            .build());
  }

  @Override
  public void listFleetHosts(
      ListFleetHostsRequest request, StreamObserver<ListFleetHostsResponse> caller) {
    answer(
        caller,
        ListFleetHostsResponse.newBuilder()
            .setRegistry(info)
            .addHosts(
                FleetWire.host(
                    new FleetHost(
                        "host-17",
                        "00000000-0000-0001-0000-000000000002",
                        "0.1.0",
                        1_700_000_000_000L)))
            .build());
  }

  @Override
  public void joinFleet(JoinFleetRequest request, StreamObserver<JoinFleetResponse> caller) {
    answer(
        caller,
        JoinFleetResponse.newBuilder()
            .setRegistry(info)
            .addPlan(FleetWire.line(PLAN.get(0)))
            .build());
  }

  @Override
  public void adoptFleetId(
      AdoptFleetIdRequest request, StreamObserver<AdoptFleetIdResponse> caller) {
    answer(caller, AdoptFleetIdResponse.newBuilder().setRegistry(info).setField(field).build());
  }

  @Override
  public void forgetFleetHost(
      ForgetFleetHostRequest request, StreamObserver<ForgetFleetHostResponse> caller) {
    answer(caller, ForgetFleetHostResponse.newBuilder().setRegistry(info).build());
  }

  @Override
  public void exportFleet(ExportFleetRequest request, StreamObserver<ExportFleetResponse> caller) {
    answer(
        caller,
        ExportFleetResponse.newBuilder()
            .setRegistry(info)
            .setJson("{\n\"facts\": {}\n}\n")
            .build());
  }
}
