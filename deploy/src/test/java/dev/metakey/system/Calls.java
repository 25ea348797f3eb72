package dev.metakey.system;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.Release;
import dev.metakey.server.domain.Transfer;
import dev.metakey.server.domain.Undelete;
import dev.metakey.v1.GetRequest;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.v1.TransferRequest;
import dev.metakey.v1.UndeleteRequest;
import dev.metakey.wire.Replies;
import dev.metakey.wire.Wire;
import dev.metakey.wire.WireErrors;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;

/** A client that makes one call after another, and notes when each began and ended. */
final class Calls {
  private final Owner self;
  private final Wiretap connection;
  private final List<Call> made = new ArrayList<>();

  /**
   * A client that claims a name and, with its first call, finds out whom the daemon takes it for.
   *
   * @param made gets that call
   */
  static Calls first(String service, Wiretap connection, List<Call> made) {
    Asked asked = register(List.of(FieldSpec.of("owner." + service, 2)));
    long beganNs = System.nanoTime();
    Outcome outcome = outcome(asked, connection);
    long endNs = System.nanoTime();
    Owner self =
        Replies.field(
                connection
                    .registry()
                    .get(GetRequest.newBuilder().setName("owner." + service).build())
                    .getField())
            .owners()
            .get(0);
    made.add(new Call(self, asked, outcome, beganNs, endNs));
    return new Calls(self, connection);
  }

  /** The same client on another connection, without the calls that it has made. */
  Calls on(Wiretap another) {
    return new Calls(self, another);
  }

  List<Call> made() {
    return made;
  }

  void close() {
    connection.close();
  }

  Owner self() {
    return self;
  }

  private Calls(Owner self, Wiretap connection) {
    this.self = self;
    this.connection = connection;
  }

  /** What a client asked for. */
  sealed interface Asked {
    record Change(Command<?> command) implements Asked {}

    record Resolve(List<String> names) implements Asked {}

    /** The whole state. */
    record Everything() implements Asked {}
  }

  /** What came of it. */
  sealed interface Outcome {
    /**
     * @param revision at which it was answered
     * @param result fields without times, and what else the answer says
     */
    record Answered(long revision, List<?> result) implements Outcome {}

    record Refused(Reason reason) implements Outcome {}

    /** The connection was lost: it was done, or it was not. */
    record Unknown() implements Outcome {}
  }

  /**
   * @param endNs when the client had the answer
   */
  record Call(Owner by, Asked asked, Outcome outcome, long beganNs, long endNs) {
    Call with(Outcome other) {
      return new Call(by, asked, other, beganNs, endNs);
    }

    Call endingAt(long ns) {
      return new Call(by, asked, outcome, beganNs, ns);
    }
  }

  /** Makes a call, and returns whether the daemon said anything to it. */
  boolean make(Asked asked) {
    long beganNs = System.nanoTime();
    Outcome outcome = outcome(asked, connection);
    made.add(new Call(self, asked, outcome, beganNs, System.nanoTime()));
    return !(outcome instanceof Outcome.Unknown);
  }

  private static Outcome outcome(Asked asked, Wiretap connection) {
    try {
      if (asked instanceof Asked.Resolve resolve) {
        var answer =
            connection
                .registry()
                .resolve(ResolveRequest.newBuilder().addAllNames(resolve.names()).build());
        return answered(answer.getRegistry(), fields(answer.getFieldsList()));
      }
      if (asked instanceof Asked.Everything) {
        var answer =
            connection
                .registry()
                .list(
                    ListRequest.newBuilder()
                        .addStates(Wire.state(FieldState.ACTIVE))
                        .addStates(Wire.state(FieldState.RETIRED))
                        .build());
        return answered(answer.getRegistry(), fields(answer.getFieldsList()));
      }
      return change(((Asked.Change) asked).command(), connection);
    } catch (StatusRuntimeException e) {
      if (WireErrors.isRefusal(e)) {
        return new Outcome.Refused(WireErrors.fromStatus(e).reason());
      }
      if (WireErrors.isOfTheConnection(e.getStatus().getCode())) {
        return new Outcome.Unknown();
      }
      throw e;
    }
  }

  private static Outcome change(Command<?> command, Wiretap connection) {
    if (command instanceof Register register) {
      List<dev.metakey.v1.FieldSpec> fields = register.fields().stream().map(Wire::spec).toList();
      var answer =
          connection.registry().register(RegisterRequest.newBuilder().addAllFields(fields).build());
      return answered(
          answer.getRegistry(), answer.getResultsList().stream().map(Replies::registered).toList());
    }
    if (command instanceof Release release) {
      ReleaseRequest.Builder request =
          ReleaseRequest.newBuilder().setName(release.name()).setNow(release.now());
      if (release.generation() != 0) {
        request.setGeneration(release.generation());
      }
      var answer = connection.registry().release(request.build());
      return answered(answer.getRegistry(), fields(List.of(answer.getField())));
    }
    if (command instanceof Undelete undelete) {
      var answer =
          connection
              .admin()
              .undelete(UndeleteRequest.newBuilder().setName(undelete.name()).build());
      return answered(answer.getRegistry(), fields(List.of(answer.getField())));
    }
    Transfer transfer = (Transfer) command;
    var answer =
        connection
            .admin()
            .transfer(
                TransferRequest.newBuilder()
                    .setName(transfer.name())
                    .setTo(Wire.owner(transfer.to()))
                    .build());
    return answered(answer.getRegistry(), fields(List.of(answer.getField())));
  }

  private static List<Field> fields(List<dev.metakey.v1.Field> fields) {
    return fields.stream().map(Replies::field).toList();
  }

  private static Outcome answered(dev.metakey.v1.RegistryInfo info, List<?> result) {
    RegistryInfo at = Replies.info(info);
    return new Outcome.Answered(at.revision(), Linearization.timeless(result));
  }

  static Asked register(List<FieldSpec> fields) {
    return new Asked.Change(new Register(fields));
  }
}
