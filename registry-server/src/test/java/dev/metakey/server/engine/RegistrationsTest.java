package dev.metakey.server.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.domain.Prefixes;
import dev.metakey.server.domain.Register;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RegistrationsTest {
  private static final Peer EDGE = new Peer(1000, 1000, 100, "edge");
  private static final FieldSpec PACKET = FieldSpec.of("edge.packet_id", 8);
  private static final FieldSpec OWN = FieldSpec.of("own.a", 8);

  private final List<String> asked = new ArrayList<>();
  private final CompletableFuture<Void> claimed = new CompletableFuture<>();
  private Engine engine;
  private Registrations registrations;

  @BeforeEach
  void start() throws Exception {
    engine = Engines.begun(new FakeStore(), new FakeClock());
    registrations =
        new Registrations(
            engine,
            (specs, service) -> {
              asked.add(service + " " + specs.stream().map(FieldSpec::name).toList());
              return claimed;
            });
  }

  private void know(FleetField... fields) {
    Prefixes prefixes = new Prefixes(false, List.of("edge"));
    Map<String, FleetField> byName =
        fields.length == 0 ? Map.of() : Map.of(fields[0].name(), fields[0]);
    engine.take(new Fleet("prod", prefixes, 0, 47, true, false, false, byName));
  }

  private CompletableFuture<Reply<List<Registered>>> register(FieldSpec... specs) {
    CompletableFuture<Reply<List<Registered>>> reply =
        registrations.submit(new Register(List.of(specs)), EDGE);
    work();
    return reply;
  }

  private void work() {
    try {
      engine.doWork(0);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void submit_whenThereIsNoFleet_asksNobody() {
    assertThat(register(PACKET)).isCompleted();
    assertThat(asked).isEmpty();
  }

  @Test
  void submit_whenAllIsKnown_asksNobody() {
    know(new FleetField(PACKET, 17, 64, "edge", 1, false));
    assertThat(register(PACKET, OWN).join().value().get(0).field().id()).isEqualTo(17);
    know();
    assertThat(register(PACKET, OWN)).isCompleted();
    assertThat(asked).isEmpty();
  }

  @Test
  void submit_whenAFleetsNameIsNew_claimsItFirst() {
    know();
    CompletableFuture<Reply<List<Registered>>> reply = register(OWN, PACKET);
    assertThat(reply).isNotDone();
    assertThat(asked).containsExactly("edge [edge.packet_id]");
    assertThat(engine.snapshot().byName("own.a")).isNull();
    know(new FleetField(PACKET, 17, 64, "edge", 1, false));
    claimed.complete(null);
    work();
    assertThat(reply.join().value().get(1).field().id()).isEqualTo(17);
  }

  @Test
  void submit_whenTheClaimIsRefused_isRefusedLikewise() {
    know();
    claimed.completeExceptionally(new MetakeyException(Reason.NO_FREE_ID, "the fleet is full"));
    assertThatThrownBy(register(PACKET)::join)
        .isInstanceOf(CompletionException.class)
        .hasRootCauseMessage("the fleet is full");
  }

  @Test
  void submit_whenTheFleetStillDoesNotKnowIt_isAway() {
    know();
    claimed.complete(null);
    CompletableFuture<Reply<List<Registered>>> reply = register(PACKET);
    assertThat(reply.handle((done, failure) -> ((MetakeyException) cause(failure)).reason()))
        .isCompletedWithValue(Reason.FLEET_AWAY);
  }

  @Test
  void submit_whenThisHostWouldRefuse_claimsNothing() {
    assertThat(register(FieldSpec.of("own.a", 4))).isCompleted();
    know();
    assertThat(register(PACKET, OWN)).isCompletedExceptionally(); // own.a has 4 bytes
    assertThat(asked).isEmpty();
  }

  @Test
  void submit_whenCancelledMeanwhile_changesNothing() {
    know();
    CompletableFuture<Reply<List<Registered>>> reply = register(PACKET);
    assertThat(reply.cancel(false)).isTrue();
    know(new FleetField(PACKET, 17, 64, "edge", 1, false));
    claimed.complete(null);
    work();
    assertThat(engine.snapshot().byName("edge.packet_id")).isNull();
  }

  private static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException ? failure.getCause() : failure;
  }
}
