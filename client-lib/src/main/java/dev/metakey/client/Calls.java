package dev.metakey.client;

import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUser;
import dev.metakey.model.Header;
import dev.metakey.model.Owner;
import dev.metakey.model.Pending;
import dev.metakey.model.Registered;
import dev.metakey.v1.AdminGrpc;
import dev.metakey.v1.AdminGrpc.AdminBlockingStub;
import dev.metakey.v1.GetHeaderRequest;
import dev.metakey.v1.GetRequest;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListPendingRequest;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.ListUsersRequest;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.RegistryGrpc.RegistryBlockingStub;
import dev.metakey.v1.RegistryInfo;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ReserveRequest;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.v1.TransferRequest;
import dev.metakey.v1.UndeleteRequest;
import dev.metakey.v1.UnreserveRequest;
import dev.metakey.wire.Replies;
import dev.metakey.wire.Wire;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** The daemon's calls: maps, asks, maps back. {@link MetakeyClient} says what they mean. */
final class Calls {
  /** How long the daemon's word that the wait is over may be on its way. */
  private static final Duration ANSWER_PATIENCE = Duration.ofMillis(500);

  private final Connection connection;

  Calls(Connection connection) {
    this.connection = connection;
  }

  Answer<List<Registered>> register(List<FieldSpec> fields) {
    var request = RegisterRequest.newBuilder().addAllFields(map(fields, Wire::toWire)).build();
    var reply = registry(stub -> stub.register(request));
    return answer(reply.getRegistry(), map(reply.getResultsList(), Replies::registered));
  }

  Answer<List<Field>> resolve(List<String> names) {
    var request = ResolveRequest.newBuilder().addAllNames(names).build();
    var reply = registry(stub -> stub.resolve(request));
    return answer(reply.getRegistry(), map(reply.getFieldsList(), Replies::field));
  }

  /**
   * @param wait what the daemon may take to answer; where it says nothing, that is found out half a
   *     second later
   */
  Answer<List<Field>> await(Duration wait, List<String> names) {
    var request =
        ResolveRequest.newBuilder().addAllNames(names).setWait(Wire.duration(wait)).build();
    var reply =
        connection.call(
            RegistryGrpc::newBlockingStub,
            wait.plus(ANSWER_PATIENCE),
            stub -> stub.resolve(request));
    return answer(reply.getRegistry(), map(reply.getFieldsList(), Replies::field));
  }

  Answer<Field> release(String name) {
    return release(ReleaseRequest.newBuilder().setName(name).build());
  }

  Answer<Field> release(String name, int generation) {
    return release(ReleaseRequest.newBuilder().setName(name).setGeneration(generation).build());
  }

  Answer<Field> forceRelease(String name) {
    return release(ReleaseRequest.newBuilder().setName(name).setForce(true).build());
  }

  Answer<Field> forceRelease(String name, int generation) {
    return release(
        ReleaseRequest.newBuilder().setName(name).setGeneration(generation).setForce(true).build());
  }

  private Answer<Field> release(ReleaseRequest request) {
    var reply = registry(stub -> stub.release(request));
    return answer(reply.getRegistry(), Replies.field(reply.getField()));
  }

  Answer<List<Field>> list(String prefix, Set<FieldState> states) {
    var request =
        ListRequest.newBuilder()
            .setPrefix(prefix)
            .addAllStates(states.stream().map(Wire::toWire).toList())
            .build();
    var reply = registry(stub -> stub.list(request));
    return answer(reply.getRegistry(), map(reply.getFieldsList(), Replies::field));
  }

  Answer<Field> get(String name) {
    return get(GetRequest.newBuilder().setName(name).build());
  }

  Answer<Field> get(int id) {
    return get(GetRequest.newBuilder().setId(id).build());
  }

  private Answer<Field> get(GetRequest request) {
    var reply = registry(stub -> stub.get(request));
    return answer(reply.getRegistry(), Replies.field(reply.getField()));
  }

  Answer<Header> header() {
    var reply = registry(stub -> stub.getHeader(GetHeaderRequest.getDefaultInstance()));
    return answer(reply.getRegistry(), new Header(reply.getHigh(), reply.getLow()));
  }

  Answer<DaemonStatus> status() {
    var reply = registry(stub -> stub.getStatus(GetStatusRequest.getDefaultInstance()));
    return answer(reply.getRegistry(), Replies.status(reply));
  }

  Answer<Field> reserve(FieldSpec spec, int id, boolean foreign) {
    var request =
        ReserveRequest.newBuilder()
            .setSpec(Wire.toWire(spec))
            .setId(id)
            .setForeign(foreign)
            .build();
    var reply = admin(stub -> stub.reserve(request));
    return answer(reply.getRegistry(), Replies.field(reply.getField()));
  }

  Answer<Field> unreserve(String name) {
    var request = UnreserveRequest.newBuilder().setName(name).build();
    var reply = admin(stub -> stub.unreserve(request));
    return answer(reply.getRegistry(), Replies.field(reply.getField()));
  }

  Answer<Field> undelete(String name) {
    var request = UndeleteRequest.newBuilder().setName(name).build();
    var reply = admin(stub -> stub.undelete(request));
    return answer(reply.getRegistry(), Replies.field(reply.getField()));
  }

  Answer<Field> transfer(String name, Owner to) {
    var request = TransferRequest.newBuilder().setName(name).setTo(Wire.toWire(to)).build();
    var reply = admin(stub -> stub.transfer(request));
    return answer(reply.getRegistry(), Replies.field(reply.getField()));
  }

  Answer<History> history(long sinceRevision, String name, int limit) {
    var request =
        ListHistoryRequest.newBuilder()
            .setSinceRevision(sinceRevision)
            .setName(name)
            .setLimit(limit)
            .build();
    var reply = admin(stub -> stub.listHistory(request));
    return answer(
        reply.getRegistry(),
        new History(map(reply.getChangesList(), Replies::change), reply.getNextSinceRevision()));
  }

  Answer<List<Pending>> pending() {
    var reply = admin(stub -> stub.listPending(ListPendingRequest.getDefaultInstance()));
    return answer(reply.getRegistry(), map(reply.getPendingList(), Replies::pending));
  }

  Answer<List<FieldUser>> users() {
    var reply = admin(stub -> stub.listUsers(ListUsersRequest.getDefaultInstance()));
    return answer(
        reply.getRegistry(),
        reply.getProgramsList().stream()
            .flatMap(program -> Replies.program(program).stream())
            .toList());
  }

  private <R> R registry(Function<RegistryBlockingStub, R> rpc) {
    return connection.call(RegistryGrpc::newBlockingStub, connection.callTimeout(), rpc);
  }

  private <R> R admin(Function<AdminBlockingStub, R> rpc) {
    return connection.call(AdminGrpc::newBlockingStub, connection.callTimeout(), rpc);
  }

  private static <T> Answer<T> answer(RegistryInfo info, T value) {
    return Answer.fresh(Replies.info(info), value);
  }

  private static <F, T> List<T> map(List<F> from, Function<F, T> mapping) {
    return from.stream().map(mapping).toList();
  }
}
