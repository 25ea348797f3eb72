package dev.metakey.server.transport;

import com.google.protobuf.ByteString;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.PolicyRule;
import dev.metakey.server.domain.Refusals;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Release;
import dev.metakey.server.domain.Right;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.engine.NameClaims;
import dev.metakey.server.engine.Registrations;
import dev.metakey.server.publication.WatchHub;
import dev.metakey.v1.GetHeaderRequest;
import dev.metakey.v1.GetHeaderResponse;
import dev.metakey.v1.GetRequest;
import dev.metakey.v1.GetResponse;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.GetStatusResponse;
import dev.metakey.v1.GetTagRequest;
import dev.metakey.v1.GetTagResponse;
import dev.metakey.v1.ListOrphansRequest;
import dev.metakey.v1.ListOrphansResponse;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegisterResponse;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ReleaseResponse;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.v1.WatchRequest;
import dev.metakey.wire.Requests;
import dev.metakey.wire.Wire;
import dev.metakey.wire.WireErrors;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The calls of services and tracers: maps requests to commands, submits them, and maps the replies
 * back.
 */
final class RegistryService extends RegistryGrpc.RegistryImplBase {
  private static final long MAX_WAIT_MS = Duration.ofHours(24).toMillis();

  private final Engine engine;
  private final Registrations registrations;
  private final KernelWatch kernel;
  private final Executor lookers;
  private final WatchHub hub;
  private final WatchMessages messages = new WatchMessages();
  private final ReadAnswers answers = new ReadAnswers();
  private final Supplier<DaemonStatus> status;
  private final FieldReports reports;

  /**
   * @param claims is asked before names of the fleet are registered that are new
   * @param lookers looks at the kernel, so that the event loop does not wait for it
   */
  RegistryService(
      Engine engine,
      NameClaims claims,
      KernelWatch kernel,
      Executor lookers,
      WatchHub hub,
      Supplier<DaemonStatus> status) {
    this.engine = engine;
    this.registrations = new Registrations(engine, claims);
    this.reports = new FieldReports(engine, new OwnerLook());
    this.kernel = kernel;
    this.lookers = lookers;
    this.hub = hub;
    this.status = status;
  }

  @Override
  public void register(RegisterRequest request, StreamObserver<RegisterResponse> call) {
    Answers.later(
        call,
        () ->
            registrations.submit(
                new Register(request.getFieldsList().stream().map(Requests::spec).toList()),
                CallerInterceptor.caller()),
        reply -> {
          engine.uses().note(reply.value().stream().map(result -> result.field()).toList());
          return RegisterResponse.newBuilder()
              .setRegistry(Wire.info(reply.info()))
              .addAllResults(reply.value().stream().map(Wire::registered).toList())
              .build();
        });
  }

  void answerResolve(ResolveRequest request, StreamObserver<Encoded> call) {
    if (request.hasWait()) {
      Answers.later(
          call,
          () -> {
            List<String> names = names(request);
            requireRead(names);
            return engine.await(names, waitMs(request), CallerInterceptor.caller());
          },
          reply -> resolved(reply.info(), reply.value()));
    } else {
      Answers.now(call, () -> resolved(request));
    }
  }

  private static List<String> names(ResolveRequest request) {
    List<String> names = request.getNamesList();
    if (names.isEmpty() || names.size() > Field.IDS) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%d names in one call; allowed are 1 to %d".formatted(names.size(), Field.IDS));
    }
    names.forEach(Names::check);
    return names;
  }

  private void requireRead(List<String> names) {
    engine.rules().require(CallerInterceptor.caller(), Right.READ, names);
  }

  private Encoded resolved(ResolveRequest request) {
    Snapshot snapshot = engine.snapshot();
    Field only = request.getNamesCount() == 1 ? snapshot.resolve(request.getNames(0)) : null;
    if (only != null) { // a name that is known needs no check
      requireRead(request.getNamesList());
      engine.uses().note(List.of(only));
      return answers.resolved(snapshot, only);
    }
    List<String> names = names(request);
    requireRead(names);
    List<String> missing = names.stream().filter(name -> snapshot.resolve(name) == null).toList();
    if (!missing.isEmpty()) {
      throw Refusals.unknown(snapshot, missing);
    }
    return resolved(snapshot.info(), names.stream().map(snapshot::byName).toList());
  }

  private Encoded resolved(RegistryInfo info, List<Field> fields) {
    engine.uses().note(fields);
    return ReadAnswers.resolved(info, fields);
  }

  private static long waitMs(ResolveRequest request) {
    long waitMs = Requests.millis(request.getWait(), "wait");
    if (waitMs < 1 || waitMs > MAX_WAIT_MS) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "a wait of %d ms; allowed are 1 ms to 24 h; leave it out to ask without waiting"
              .formatted(waitMs),
          Map.of("wait_ms", Long.toString(waitMs), "limit_ms", Long.toString(MAX_WAIT_MS)));
    }
    return waitMs;
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> call) {
    Answers.later(
        call,
        () ->
            kernel.release(
                new Release(
                    request.getName(), generation(request), request.getForce(), request.getNow()),
                CallerInterceptor.caller(),
                lookers),
        reply ->
            ReleaseResponse.newBuilder()
                .setRegistry(Wire.info(reply.info()))
                .setField(Wire.field(reply.value()))
                .build());
  }

  private static int generation(ReleaseRequest request) {
    if (request.hasGeneration() && request.getGeneration() == 0) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "generation 0: generations count from 1; leave it out to release whatever there is");
    }
    return request.getGeneration();
  }

  void answerList(ListRequest request, StreamObserver<Encoded> call) {
    Answers.now(call, () -> listed(request));
  }

  private Encoded listed(ListRequest request) {
    Snapshot snapshot = engine.snapshot();
    PolicyRule rule = engine.rules().ruleFor(CallerInterceptor.caller());
    boolean seesAll = rule.allowsAll(Right.READ);
    if (seesAll && request.getStatesCount() == 0 && request.getPrefix().isEmpty()) {
      return answers.list(snapshot);
    }
    Set<FieldState> states = EnumSet.noneOf(FieldState.class);
    request.getStatesList().forEach(state -> states.add(Requests.state(state)));
    Set<FieldState> wanted = states.isEmpty() ? ReadAnswers.ALL_BUT_FREE : states;
    return ReadAnswers.list(
        snapshot,
        field ->
            wanted.contains(field.state())
                && field.name().startsWith(request.getPrefix())
                && (seesAll || rule.allows(Right.READ, field.name())));
  }

  @Override
  public void get(GetRequest request, StreamObserver<GetResponse> call) {
    Answers.now(
        call,
        () -> {
          if (request.hasName()) {
            requireRead(List.of(Names.check(request.getName())));
          }
          RegistryState state = engine.state();
          Snapshot snapshot = state.snapshot();
          Field field = find(snapshot, request);
          if (!request.hasName()) {
            requireRead(List.of(field.name()));
          }
          return reports.of(state, field, CallerInterceptor.caller());
        });
  }

  private static Field find(Snapshot snapshot, GetRequest request) {
    switch (request.getFieldCase()) {
      case NAME -> {
        Field field = snapshot.byName(request.getName());
        if (field == null) {
          throw Refusals.unknown(snapshot, List.of(request.getName()));
        }
        return field;
      }
      case ID -> {
        Field field = snapshot.byId(request.getId());
        if (field == null) {
          String id = Integer.toUnsignedString(request.getId());
          throw new MetakeyException(
              Reason.NOT_FOUND,
              "id %s never belonged to a field; ids are 0 to 63, and 64 to 66 are the kernel's"
                  .formatted(id),
              Map.of("id", id));
        }
        return field;
      }
      default ->
          throw new MetakeyException(
              Reason.INVALID_REQUEST, "the request has neither a name nor an id; give one of them");
    }
  }

  @Override
  public void listOrphans(ListOrphansRequest request, StreamObserver<ListOrphansResponse> call) {
    Peer caller = CallerInterceptor.caller();
    Answers.on(lookers, call, () -> reports.orphans(request, caller)); // looks at files
  }

  @Override
  public void getTag(GetTagRequest request, StreamObserver<GetTagResponse> call) {
    Answers.now(call, () -> tag(CallerInterceptor.caller()));
  }

  private GetTagResponse tag(Peer caller) {
    PolicyRule rule = engine.rules().ruleFor(caller);
    if (!rule.allowsAll(Right.LINK)) {
      throw Refusals.notLinking(caller, rule);
    }
    Tag tag = engine.tag();
    if (tag.isNone()) {
      throw Refusals.noTag(engine.rules());
    }
    return GetTagResponse.newBuilder()
        .setRegistry(Wire.info(engine.snapshot().info()))
        .setTag(ByteString.copyFrom(tag.bytes()))
        .build();
  }

  @Override
  public void getHeader(GetHeaderRequest request, StreamObserver<GetHeaderResponse> call) {
    Answers.now(
        call,
        () -> {
          Snapshot snapshot = engine.snapshot();
          return GetHeaderResponse.newBuilder()
              .setRegistry(Wire.info(snapshot.info()))
              .setHigh(snapshot.header().high())
              .setLow(snapshot.header().low())
              .build();
        });
  }

  /**
   * The service's calls. Those that are made most often are answered with messages that are encoded
   * already: one encoding serves all who are told the same.
   */
  ServerServiceDefinition bind() {
    return Encoded.replace(
        bindService(),
        Encoded.method(
            RegistryGrpc.getResolveMethod(), ServerCalls.asyncUnaryCall(this::answerResolve)),
        Encoded.method(RegistryGrpc.getListMethod(), ServerCalls.asyncUnaryCall(this::answerList)),
        Encoded.method(
            RegistryGrpc.getWatchMethod(), ServerCalls.asyncServerStreamingCall(this::tell)));
  }

  private void tell(WatchRequest request, StreamObserver<Encoded> call) {
    ServerCallStreamObserver<Encoded> stream = (ServerCallStreamObserver<Encoded>) call;
    Rules rules = engine.rules();
    Peer caller = CallerInterceptor.caller();
    boolean toAdmin = rules.isAdmin(caller);
    try {
      rules.requireWatch(caller);
      var watcher =
          hub.subscribe(
              since(request),
              new WatchStream(stream, messages, toAdmin),
              caller,
              CallerInterceptor.connection().thread);
      stream.setOnReadyHandler(watcher::ready);
      stream.setOnCancelHandler(watcher::cancel);
    } catch (MetakeyException e) {
      call.onError(WireErrors.toStatus(e));
    }
  }

  private static WatchHub.@Nullable Since since(WatchRequest request) {
    if (!request.hasSinceRevision()) {
      return null;
    }
    try {
      return new WatchHub.Since(
          UUID.fromString(request.getRegistryId()), request.getSinceRevision());
    } catch (IllegalArgumentException e) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "since_revision needs the registry_id whose revision it is; %s is not a UUID"
              .formatted(Names.quote(request.getRegistryId())),
          Map.of(),
          e);
    }
  }

  @Override
  public void getStatus(GetStatusRequest request, StreamObserver<GetStatusResponse> call) {
    boolean toAdmin = engine.rules().isAdmin(CallerInterceptor.caller());
    Answers.now(
        call, () -> Wire.status(toAdmin ? status.get() : status.get().withoutBiggestUsers()));
  }
}
