package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class OwnerTest {
  private static final List<Owner> ALIKE =
      List.of(
          Owner.unit("edge.service"),
          new Owner(0, "edge.service"),
          new Owner(1000, "edge.service"),
          Owner.container("edge.service"));

  @Test
  void equals_whenKindsDiffer_isNever() {
    assertThat(ALIKE).doesNotHaveDuplicates();
    assertThat(ALIKE.stream().map(Owner::toString)).doesNotHaveDuplicates();
    assertThat(ALIKE.stream().map(Owner::word)).doesNotHaveDuplicates();
  }

  @Test
  void parse_whenWordOfAnOwner_isThatOwner() {
    for (Owner owner : ALIKE) {
      assertThat(Owner.parse(owner.word())).isEqualTo(owner);
    }
    assertThat(Owner.parse("unit:a:b.service")).isEqualTo(Owner.unit("a:b.service"));
    assertThat(Owner.parse("4294967294:x")).isEqualTo(new Owner(-2, "x"));
    assertThat(Owner.parse("edge")).isNull();
    assertThat(Owner.parse("x:edge")).isNull();
  }

  @Test
  void owner_whenUnitHasAUid_isNone() {
    assertThatThrownBy(() -> new Owner(Owner.Kind.UNIT, 0, "edge.service"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void publicPart_tellsWhoAndNothingOfTheProcess() {
    Owner owner = Owner.unit("edge.service");
    Peer peer = new Peer(owner, 5, 6, 7, "edge.service", "0123456789ab", true);
    assertThat(peer).hasToString("edge.service (uid 5, pid 7, container 0123456789ab)");
    assertThat(peer.publicPart()).isEqualTo(new Peer(owner, 5, Peer.NOT_TOLD, 0, "", "", false));
    assertThat(peer.publicPart()).hasToString("edge.service (uid 5)");
  }
}
