package dev.metakey.server.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import org.junit.jupiter.api.Test;

class RulesTest {
  private static final Peer ROOT = new Peer(0, 0, 1, "session").withPrivileges();
  private static final Peer ROOT_OF_A_CONTAINER = new Peer(0, 0, 1, "session");

  @Test
  void isAdmin_isRootOfTheHostAndTheDaemonsUser() {
    Rules asUser = new Rules(0, 990);
    assertThat(asUser.isAdmin(ROOT)).isTrue();
    assertThat(asUser.isAdmin(new Peer(990, 990, 1, "metakeyd"))).isTrue();
    assertThat(asUser.isAdmin(ROOT_OF_A_CONTAINER)).isFalse();
    assertThat(asUser.isAdmin(new Peer(1000, 1000, 1, "x").withPrivileges())).isFalse();

    Rules asRoot = new Rules(0, 0);
    assertThat(asRoot.isAdmin(ROOT)).isTrue();
    assertThat(asRoot.isAdmin(ROOT_OF_A_CONTAINER)).isFalse();
  }

  @Test
  void register_whenNothingNamesTheCaller_asksForTheService() {
    assertThat(
            Given.host()
                .refused(
                    Reason.INVALID_REQUEST,
                    new Peer(1000, 1000, 5, ""),
                    FieldSpec.of("edge.packet_id", 8))
                .text())
        .contains("name the service");
  }
}
