package dev.metakey.server.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Change;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.RegistryState;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What a daemon does about a database that may lack what its state copy has. */
class FindingsTest {
  private static final UUID NEW_ID = new UUID(9, 9);

  private final RandomRegistry registry = new RandomRegistry(7);
  private final List<Change> history = new ArrayList<>();

  /** The registry after some more changes. */
  private RegistryState after(int changes) {
    for (int i = 0; i < changes; i++) {
      history.addAll(registry.next(1, 1));
    }
    return registry.state();
  }

  private static Source database(RegistryState state) {
    return new Source(Findings.DATABASE + "/data", new Contents(state, List.of()));
  }

  private static Source copy(RegistryState state, UUID... former) {
    return new Source("/data/state-copy.1", new Contents(state, List.of(former)));
  }

  /** The same state under another id, as a restore leaves it. */
  private static RegistryState renamed(RegistryState state) {
    RegistryInfo old = state.snapshot().info();
    RegistryInfo info = new RegistryInfo(NEW_ID, old.revision(), old.layout(), old.areaBytes());
    return new RegistryState(Snapshot.of(info, state.snapshot().records()), state.bootId());
  }

  private Findings.Plan plan(Source database, Source copy, long firstChange) {
    List<Change> last =
        history.stream()
            .filter(change -> change.revision() >= firstChange)
            .filter(change -> change.revision() <= copy.contents().revision())
            .toList();
    return new Findings(
            "/data", true, database, "", "", List.of(copy), last, List.of(), Evidence.none())
        .plan();
  }

  @Test
  void plan_whenTheCopyLeadsOn_redoesItsChanges() {
    Source database = database(after(5));
    Source copy = copy(after(3));

    assertThat(plan(database, copy, 6)).isInstanceOf(Findings.Plan.Redo.class);
    assertThat(plan(database, copy, 2)).isInstanceOf(Findings.Plan.Redo.class); // and has some
  }

  @Test
  void plan_whenChangesBetweenThemAreMissing_recoversFromTheCopy() {
    Source database = database(after(5));
    Source copy = copy(after(3));

    assertThat(plan(database, copy, 7)).isInstanceOf(Findings.Plan.Rebuild.class);
    assertThat(plan(database, copy, 99)).isInstanceOf(Findings.Plan.Rebuild.class); // has none
  }

  @Test
  void plan_whenTheCopyIsThatOfARestore_redoesItUnderTheNewId() {
    RegistryState before = after(5);
    UUID oldId = before.snapshot().info().registryId();
    Source copy = copy(renamed(after(3)), oldId);

    assertThat(plan(database(before), copy, 6)).isInstanceOf(Findings.Plan.Redo.class);
    assertThat(plan(database(before), copy, 7)).isInstanceOf(Findings.Plan.Rebuild.class);
  }

  @Test
  void plan_whenTheDatabaseIsThatOfARestoreAndTheCopyIsOlder_usesTheDatabase() {
    Source copy = copy(after(5));
    UUID oldId = copy.contents().id();
    Source database =
        new Source(Findings.DATABASE + "/data", new Contents(renamed(after(3)), List.of(oldId)));

    assertThat(plan(database, copy, 1)).isInstanceOf(Findings.Plan.UseDatabase.class);
  }

  @Test
  void plan_whenTheDatabaseIsNewer_usesIt() {
    Source copy = copy(after(5));
    Source database = database(after(1));

    assertThat(plan(database, copy, 1)).isInstanceOf(Findings.Plan.UseDatabase.class);
  }

  @Test
  void plan_whenTheyAreOfDifferentRegistries_isReadOnly() {
    RegistryState state = after(5);

    assertThat(plan(database(state), copy(renamed(state)), 1))
        .isInstanceOf(Findings.Plan.ReadOnly.class);
  }
}
