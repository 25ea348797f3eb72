package dev.metakey.server.transport;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.FleetName;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.FleetAdopt;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.FleetDesk;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.engine.Reply;
import dev.metakey.v1.AdoptFleetIdRequest;
import dev.metakey.v1.AdoptFleetIdResponse;
import dev.metakey.v1.ExportFleetRequest;
import dev.metakey.v1.ExportFleetResponse;
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
import dev.metakey.wire.Wire;
import io.grpc.stub.StreamObserver;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The calls of admins about the fleet that this host belongs to. */
final class FleetService extends FleetAdminGrpc.FleetAdminImplBase {
  private final Engine engine;
  private final FleetDesk desk;
  private final KernelWatch kernel;
  private final Executor lookers;

  /**
   * @param lookers looks at the kernel, so that the event loop does not wait for it
   */
  FleetService(Engine engine, FleetDesk desk, KernelWatch kernel, Executor lookers) {
    this.engine = engine;
    this.desk = desk;
    this.kernel = kernel;
    this.lookers = lookers;
  }

  @Override
  public void getFleet(GetFleetRequest request, StreamObserver<GetFleetResponse> call) {
    Answers.now(
        call,
        () -> {
          requireAdmin("fleet");
          return GetFleetResponse.newBuilder()
              .setRegistry(registry())
              .setStatus(FleetWire.status(desk.status()))
              .addAllNames(names(engine.rules().fleet()).stream().map(FleetWire::name).toList())
              .addAllPlan(desk.plan().stream().map(FleetWire::line).toList())
              .build();
        });
  }

  private static List<FleetName> names(Fleet fleet) {
    return fleet.fields().values().stream()
        .map(
            field ->
                new FleetName(
                    field.spec(),
                    field.id(),
                    field.slot(),
                    field.service(),
                    field.generation(),
                    field.retired()))
        .sorted(Comparator.comparingInt(FleetName::id))
        .toList();
  }

  @Override
  public void listFleetHosts(
      ListFleetHostsRequest request, StreamObserver<ListFleetHostsResponse> call) {
    ask(
        call,
        "fleet hosts",
        desk::hosts,
        (registry, hosts) ->
            ListFleetHostsResponse.newBuilder()
                .setRegistry(registry)
                .addAllHosts(hosts.stream().map(FleetWire::host).toList())
                .build());
  }

  @Override
  public void joinFleet(JoinFleetRequest request, StreamObserver<JoinFleetResponse> call) {
    ask(
        call,
        "fleet join",
        desk::join,
        (registry, plan) ->
            JoinFleetResponse.newBuilder()
                .setRegistry(registry)
                .addAllPlan(plan.stream().map(FleetWire::line).toList())
                .build());
  }

  @Override
  public void adoptFleetId(AdoptFleetIdRequest request, StreamObserver<AdoptFleetIdResponse> call) {
    Peer caller = CallerInterceptor.caller();
    Answers.later(
        call,
        () -> {
          requireAdmin("fleet adopt");
          FleetAdopt command = new FleetAdopt(request.getName());
          Field before = engine.snapshot().byName(command.name());
          return placed(command.name())
              .thenCompose(placed -> kernel.submit(command, caller, lookers))
              .thenApply(reply -> noted(before, reply, caller));
        },
        reply ->
            AdoptFleetIdResponse.newBuilder()
                .setRegistry(Wire.info(reply.info()))
                .setField(Wire.field(reply.value()))
                .build());
  }

  private Reply<Field> noted(@Nullable Field before, Reply<Field> reply, Peer caller) {
    Field after = reply.value();
    if (before != null && (before.id() != after.id() || before.slot() != after.slot())) {
      desk.adopted(after, caller);
    }
    return reply;
  }

  /** Where a name has a place here that is another's in the fleet, the fleet gives it one. */
  private CompletableFuture<Void> placed(String name) {
    Field field = engine.snapshot().byName(name);
    boolean conflicts =
        desk.plan().stream().anyMatch(line -> line.name().equals(name) && !line.agrees());
    return field == null
            || !conflicts
            || !field.is(FieldState.ACTIVE)
            || engine.programs().linkedIds().get(field.id())
            || engine.rules().fleet().live(name) != null
        ? CompletableFuture.completedFuture(null)
        : desk.claim(List.of(field.spec()), FleetField.serviceOf(field));
  }

  @Override
  public void forgetFleetHost(
      ForgetFleetHostRequest request, StreamObserver<ForgetFleetHostResponse> call) {
    String host = request.getHost();
    Peer caller = CallerInterceptor.caller();
    ask(
        call,
        "fleet forget",
        () -> desk.forget(host, caller),
        (registry, found) -> {
          if (found != 1) {
            throw notOne(host, found);
          }
          return ForgetFleetHostResponse.newBuilder().setRegistry(registry).build();
        });
  }

  private static MetakeyException notOne(String host, int found) {
    return new MetakeyException(
        found == 0 ? Reason.NOT_FOUND : Reason.INVALID_REQUEST,
        found == 0
            ? "no host of the fleet is called %s or has that registry id; 'metakey fleet hosts' lists all"
                .formatted(Names.quote(host))
            : "%d hosts of the fleet are called %s; name the one by its registry id, which 'metakey fleet hosts' shows"
                .formatted(found, Names.quote(host)),
        Map.of());
  }

  @Override
  public void exportFleet(ExportFleetRequest request, StreamObserver<ExportFleetResponse> call) {
    ask(
        call,
        "fleet export",
        desk::export,
        (registry, json) ->
            ExportFleetResponse.newBuilder().setRegistry(registry).setJson(json).build());
  }

  /** Asks the fleet for an admin. */
  private <R, A> void ask(
      StreamObserver<A> call,
      String what,
      Supplier<CompletableFuture<R>> question,
      BiFunction<RegistryInfo, R, A> answer) {
    Answers.later(
        call,
        () -> {
          requireAdmin(what);
          return question.get().thenApply(result -> new Reply<>(engine.snapshot().info(), result));
        },
        reply -> answer.apply(Wire.info(reply.info()), reply.value()));
  }

  private void requireAdmin(String what) {
    engine.rules().requireAdmin(CallerInterceptor.caller(), what);
  }

  private RegistryInfo registry() {
    return Wire.info(engine.snapshot().info());
  }
}
