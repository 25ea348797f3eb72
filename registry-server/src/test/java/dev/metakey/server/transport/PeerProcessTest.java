package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PeerProcessTest {
  private static final String ID = "0123456789abcdef".repeat(4);
  private static final String UNIT = "/system.slice/edge.service";
  private static final String TRACER =
      "/user.slice/user-1000.slice/user@1000.service/app.slice/tracer.service";

  private static PeerProcess process(int uid, String cgroup, boolean ownNamespace) {
    CgroupPlace place = CgroupPlace.of(List.of("0::" + cgroup));
    boolean proves = !place.unit().isEmpty() && !Launchers.DEFAULTS.contains(place.unit());
    return new PeerProcess(uid, uid, 7, place, proves, ownNamespace, false, Set.of(), "prog");
  }

  private static Owner owner(int uid, String cgroup, @Nullable String claimed) {
    return process(uid, cgroup, false).peer(claimed).owner();
  }

  @Test
  void owner_whenInAUnit_isTheUnitWhateverItsUidAndClaim() {
    assertThat(owner(0, UNIT, null)).isEqualTo(Owner.unit("edge.service"));
    assertThat(owner(61184, UNIT, "other")).isEqualTo(Owner.unit("edge.service"));
    assertThat(owner(61185, UNIT, "other.service")).isEqualTo(Owner.unit("edge.service"));
    assertThat(process(70000, UNIT + "/libpod-payload-" + ID, true).peer("web").recorded())
        .isEqualTo(
            new Peer(
                Owner.unit("edge.service"),
                70000,
                70000,
                7,
                "edge.service",
                "0123456789ab",
                false));
  }

  @Test
  void owner_whenOneUnitHasTwoInstances_isTwo() {
    assertThat(owner(0, "/system.slice/system-x.slice/x@1.service", null))
        .isNotEqualTo(owner(0, "/system.slice/system-x.slice/x@2.service", null));
  }

  @Test
  void owner_whenElsewhere_isUidAndClaim() {
    assertThat(owner(1000, "/", null)).isEqualTo(new Owner(1000, "prog"));
    assertThat(owner(1000, "/", "edge")).isEqualTo(new Owner(1000, "edge"));
    assertThat(owner(0, "/", "edge")).isNotEqualTo(owner(1000, "/", "edge"));
    assertThat(owner(1000, "/system.slice/cron.service", null)).isEqualTo(new Owner(1000, "prog"));
    assertThat(owner(1001, "/system.slice/cron.service", null)).isEqualTo(new Owner(1001, "prog"));
  }

  @Test
  void owner_whenContainerIsMadeAgain_isTheSame() {
    String other = ID.replace('0', 'f');
    assertThat(owner(0, "/system.slice/docker-" + ID + ".scope", "edge"))
        .isEqualTo(owner(0, "/system.slice/docker-" + other + ".scope", "edge"))
        .isEqualTo(new Owner(0, "edge"));
  }

  @Test
  void owner_whenContainerHasItsOwnUserNamespace_isTheClaimInAnyContainer() {
    String pod = "/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + ID + ".scope";
    assertThat(process(65536, pod, true).peer("edge").owner()).isEqualTo(Owner.container("edge"));
    assertThat(process(131072, pod, true).peer("edge").owner()).isEqualTo(Owner.container("edge"));
  }

  @Test
  void owner_whenAUserMakesAUserNamespace_isThatUser() {
    String rootless = "/user.slice/user-1000.slice/user@1000.service/user.slice/";
    for (String cgroup :
        List.of(
            rootless + "docker-" + ID + ".scope",
            "/user.slice/user-1000.slice/session-2.scope/docker/" + ID,
            "/system.slice/cron.service",
            "/")) {
      assertThat(process(1000, cgroup, true).peer("edge").owner())
          .as(cgroup)
          .isEqualTo(new Owner(1000, "edge"));
    }
  }

  @Test
  void owner_whenAUsersUnit_claimsItsNameForThatUser() {
    assertThat(owner(1000, TRACER, "other")).isEqualTo(new Owner(1000, "tracer.service"));
    assertThat(owner(1000, TRACER, null)).isNotEqualTo(Owner.unit("tracer.service"));
    // a program that became root in the user's unit is not the user
    assertThat(owner(0, TRACER, "edge")).isEqualTo(new Owner(0, "edge"));
  }

  @Test
  void owner_whenItClaimsToBeAUnit_isRefused() {
    for (String cgroup : List.of("/", "/system.slice/docker-" + ID + ".scope")) {
      assertThatThrownBy(() -> owner(0, cgroup, "edge.service"))
          .isInstanceOfSatisfying(
              MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_REQUEST))
          .hasMessageContaining("does not end in .service");
    }
  }

  @Test
  void owner_whenProgramIsCalledLikeAUnit_isNot() {
    PeerProcess forger =
        new PeerProcess(
            1000, 1000, 7, CgroupPlace.NOWHERE, false, false, false, Set.of(), "victim.service");
    assertThat(forger.peer(null).owner()).isEqualTo(new Owner(1000, "victim_service"));
  }

  @Test
  void peer_whenItEnded_isRefused() {
    assertThatThrownBy(() -> PeerProcess.ended(0, 0, 7).peer("edge"))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.NOT_PERMITTED))
        .hasMessageContaining("ended before");
  }

  @Test
  void safe_whenNameCouldForgeALine_isHarmless() {
    String forged = PeerProcess.safe("x\n5\tedge.packet_id # ä", 128);
    assertThat(forged).isEqualTo("x_5_edge.packet_id____");
    assertThat(Names.checkService(forged)).isEqualTo(forged);
    assertThat(PeerProcess.safe("edge@a\\x2db.service", 128)).isEqualTo("edge@a\\x2db.service");
    assertThat(PeerProcess.safe("x".repeat(255), 128)).hasSize(128);
  }
}
