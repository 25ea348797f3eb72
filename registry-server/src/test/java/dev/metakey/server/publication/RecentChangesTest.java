package dev.metakey.server.publication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Change;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.model.Peer;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Decision;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.Registry;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Restore;
import dev.metakey.server.domain.Rules;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RecentChangesTest {
  private static final Peer ADMIN = new Peer(0, 0, 1, "session").withPrivileges();

  private RegistryState state = RegistryState.empty(new UUID(1, 2), Layout.SLOTTED, 128);
  private final RecentChanges recent = new RecentChanges(state.snapshot());

  private void commit(Command<?> command) {
    Decision.Accepted<?> accepted =
        (Decision.Accepted<?>)
            Registry.decide(state, new Rules(600_000, 0), command, ADMIN, new Now(1, 1));
    state = accepted.state();
    recent.add(state.snapshot(), accepted.changes());
  }

  private void register(String name) {
    commit(new Register(List.of(FieldSpec.of(name, 2))));
  }

  private List<Long> after(long revision) {
    return Objects.requireNonNull(recent.after(revision)).changes().stream()
        .map(Change::revision)
        .toList();
  }

  @Test
  void after_aNewRegistryId_hasNothingFromBeforeIt() {
    register("edge.a");
    Snapshot backup = state.snapshot();
    register("edge.b");
    register("edge.c");
    assertThat(after(1)).containsExactly(2L, 3L);

    commit(new Restore(backup, Tag.NONE, new UUID(9, 9), true));

    long restored = state.revision();
    assertThat(restored).isEqualTo(5);
    assertThat(recent.head()).isEqualTo(state.snapshot());
    for (long before = 0; before < restored; before++) {
      assertThat(recent.after(before)).as("after revision %d", before).isNull();
    }
    assertThat(after(restored)).isEmpty();
    register("edge.d");
    assertThat(after(restored)).containsExactly(6L);
    assertThat(recent.after(restored - 1)).isNull();
  }
}
