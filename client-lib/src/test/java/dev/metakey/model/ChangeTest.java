package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ChangeTest {
  private static final Peer EDGE = new Peer(1000, 1000, 7, "edge");
  private static final Peer ROOT = new Peer(0, 0, 8, "metakey").withPrivileges();
  private static final Peer DAEMON = new Peer(0, 0, 1, "metakeyd").withPrivileges();
  private static final Field EDGES =
      new Field.Builder(3, FieldSpec.of("a", 2), FieldState.ACTIVE)
          .owners(List.of(EDGE.owner()))
          .build();

  private static boolean isByAdmin(ChangeKind kind, @Nullable Field before, Peer peer) {
    return new Change(4, 4, 1, kind, before, EDGES, peer).isByAdmin();
  }

  @Test
  void isByAdmin_whenAnOwnerOrTheDaemonDidIt_isFalse() {
    assertThat(isByAdmin(ChangeKind.CREATED, null, EDGE)).isFalse();
    assertThat(isByAdmin(ChangeKind.RELEASED, EDGES, EDGE)).isFalse();
    assertThat(isByAdmin(ChangeKind.LEFT, EDGES, EDGE)).isFalse();
    assertThat(isByAdmin(ChangeKind.EXPIRED, EDGES, DAEMON)).isFalse();
    assertThat(isByAdmin(ChangeKind.FREED, EDGES, DAEMON)).isFalse();
  }

  @Test
  void isByAdmin_whenNoOwnerCouldHaveDoneIt_isTrue() {
    for (ChangeKind kind :
        List.of(
            ChangeKind.RELEASED,
            ChangeKind.RESTORED,
            ChangeKind.FREED,
            ChangeKind.FORCED,
            ChangeKind.RESERVED,
            ChangeKind.TRANSFERRED,
            ChangeKind.RECOVERED)) {
      assertThat(isByAdmin(kind, EDGES, ROOT)).as("%s", kind).isTrue();
    }
  }
}
