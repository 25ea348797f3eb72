package dev.metakey.server.engine;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.Peer;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Limits;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;

/**
 * No interleaving of a call that waits with the writer that shows and tells leaves the call without
 * its answer: Lincheck tries them all. Public, as Lincheck needs it.
 */
public class WaitersModelTest {
  private static final Peer TRACER = new Peer(1000, 1000, 42, "tracer.service");
  private static final Snapshot WITHOUT = Snapshot.empty(new UUID(1, 2), Layout.SLOTTED, 128);
  private static final Snapshot WITH =
      Snapshot.of(
          WITHOUT.info().withRevision(1),
          List.of(
              new Field.Builder(0, FieldSpec.of("a", 2), FieldState.ACTIVE).generation(1).build()));

  private volatile Snapshot snapshot = WITHOUT;
  private final Waiters waiters =
      new Waiters(() -> snapshot, Limits.DEFAULTS.waits(), peer -> false);
  private volatile CompletableFuture<Reply<List<Field>>> answer;

  @Operation(runOnce = true)
  public void await() {
    answer = waiters.add(List.of("a"), TRACER, 0, 1_000);
  }

  @Operation(runOnce = true)
  public void register() {
    snapshot = WITH;
    waiters.committed();
  }

  /** What both operations leave behind. */
  @Operation(runOnce = true)
  public String outcome() {
    CompletableFuture<Reply<List<Field>>> given = answer;
    boolean registered = snapshot == WITH;
    return given == null ? "nobody asked" : registered + " " + given.isDone();
  }

  @Test
  void await_inEveryInterleavingWithARegistration_isAnswered() throws NoSuchMethodException {
    ExecutionScenario together =
        new ExecutionScenario(
            List.of(),
            List.of(List.of(actor("await")), List.of(actor("register"))),
            List.of(actor("outcome")),
            null);
    new ModelCheckingOptions()
        .iterations(0)
        .addCustomScenario(together)
        .invocationsPerIteration(1_000)
        .check(WaitersModelTest.class);
  }

  private static Actor actor(String operation) throws NoSuchMethodException {
    return new Actor(WaitersModelTest.class.getMethod(operation), List.of());
  }
}
