package dev.metakey.client;

import dev.metakey.model.Field;
import dev.metakey.model.FleetHost;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetReport;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.v1.AdoptFleetIdRequest;
import dev.metakey.v1.ExportFleetRequest;
import dev.metakey.v1.FleetAdminGrpc;
import dev.metakey.v1.FleetAdminGrpc.FleetAdminBlockingStub;
import dev.metakey.v1.ForgetFleetHostRequest;
import dev.metakey.v1.GetFleetRequest;
import dev.metakey.v1.JoinFleetRequest;
import dev.metakey.v1.ListFleetHostsRequest;
import dev.metakey.wire.FleetWire;
import dev.metakey.wire.Replies;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What only admins may ask of a host about its fleet: from {@link MetakeyAdmin#fleet()}. A host
 * that belongs to none refuses with INVALID_REQUEST, and what has to ask the fleet fails with
 * FLEET_AWAY while it cannot be reached.
 */
public final class MetakeyFleet {
  private final Connection connection;

  MetakeyFleet(Connection connection) {
    this.connection = connection;
  }

  /**
   * What the host knows of its fleet.
   *
   * @throws MetakeyException NOT_PERMITTED, INVALID_REQUEST
   */
  public Answer<FleetReport> report() {
    var reply = call(stub -> stub.getFleet(GetFleetRequest.getDefaultInstance()));
    return Answer.of(reply.getRegistry(), FleetWire.report(reply));
  }

  /**
   * The hosts that have joined.
   *
   * @throws MetakeyException NOT_PERMITTED, INVALID_REQUEST, FLEET_AWAY
   */
  public Answer<List<FleetHost>> hosts() {
    var reply = call(stub -> stub.listFleetHosts(ListFleetHostsRequest.getDefaultInstance()));
    return Answer.of(
        reply.getRegistry(), reply.getHostsList().stream().map(FleetWire::host).toList());
  }

  /**
   * Joins, and gives the fleet what the host has where nothing conflicts. Idempotent.
   *
   * @return what became of each name of the host
   * @throws MetakeyException NOT_PERMITTED, INVALID_REQUEST, FLEET_AWAY
   */
  public Answer<List<FleetPlanLine>> join() {
    var reply = call(stub -> stub.joinFleet(JoinFleetRequest.getDefaultInstance()));
    return Answer.of(
        reply.getRegistry(), reply.getPlanList().stream().map(FleetWire::line).toList());
  }

  /**
   * Moves a field of the host to the id and slot that the fleet has for its name. Idempotent.
   *
   * @throws MetakeyException INVALID_NAME, INVALID_REQUEST, NOT_FOUND, NOT_PERMITTED, MISMATCH,
   *     OWNED_BY_OTHER, ID_TAKEN, IN_USE, FLEET_AWAY, READ_ONLY, STORE_FAILED
   */
  public Answer<Field> adopt(String name) {
    var request = AdoptFleetIdRequest.newBuilder().setName(name).build();
    var reply = call(stub -> stub.adoptFleetId(request));
    return Answer.of(reply.getRegistry(), Replies.field(reply.getField()));
  }

  /**
   * Drops what a host holds that will not come back.
   *
   * @param host its name or its registry id
   * @return true
   * @throws MetakeyException NOT_PERMITTED, INVALID_REQUEST, NOT_FOUND, FLEET_AWAY
   */
  public Answer<Boolean> forget(String host) {
    var request = ForgetFleetHostRequest.newBuilder().setHost(host).build();
    var reply = call(stub -> stub.forgetFleetHost(request));
    return Answer.of(reply.getRegistry(), true);
  }

  /**
   * Everything that etcd has of the fleet, as JSON.
   *
   * @throws MetakeyException NOT_PERMITTED, INVALID_REQUEST, FLEET_AWAY
   */
  public Answer<String> export() {
    var reply = call(stub -> stub.exportFleet(ExportFleetRequest.getDefaultInstance()));
    return Answer.of(reply.getRegistry(), reply.getJson());
  }

  private <R> R call(Function<FleetAdminBlockingStub, R> rpc) {
    try {
      return connection.call(FleetAdminGrpc::newBlockingStub, rpc);
    } catch (MetakeyException e) {
      if (e.getCause() instanceof StatusRuntimeException status
          && status.getStatus().getCode() == Status.Code.UNIMPLEMENTED) {
        throw new MetakeyException(
            Reason.INVALID_REQUEST,
            "this host belongs to no fleet; the section 'fleet' in metakeyd.yaml names one",
            Map.of(),
            e);
      }
      throw e;
    }
  }
}
