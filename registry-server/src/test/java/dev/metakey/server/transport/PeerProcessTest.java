package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Names;
import dev.metakey.model.Peer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines of /proc/PID/cgroup as hosts have them; ID is a container's id of 64 digits. */
class PeerProcessTest {
  private static final String ID = "0123456789abcdef".repeat(4);
  private static final String INNER = "fedcba9876543210".repeat(4);

  private static String unitIn(String... lines) {
    return PeerProcess.unitIn(
        List.of(lines).stream().map(l -> l.replace("ID", ID).replace("INNER", INNER)).toList());
  }

  @ParameterizedTest
  @CsvSource({
    "/system.slice/edge-xdp.service, edge-xdp.service",
    "/system.slice/edge-xdp@eth0.service, edge-xdp@eth0.service",
    "/system.slice/system-edge.slice/edge@a\\x2db.service, edge@a\\x2db.service",
    "/user.slice/user-1000.slice/user@1000.service/app.slice/tracer.service, tracer.service",
    "/system.slice/edge.service/workers/1, edge.service",
    "/system.slice/docker.service, docker.service",
    "/system.slice/edge.service/libpod-payload-ID, edge.service"
  })
  void unitIn_whenInAServiceUnit_isThatUnit(String path, String unit) {
    assertThat(unitIn("0::" + path)).isEqualTo(unit);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "",
        "/init.scope",
        "/user.slice/user-0.slice/session-3.scope",
        "/user.slice/user-1000.slice/user@1000.service",
        "/user.slice/user-1000.slice/user@1000.service/init.scope",
        "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-Terminal-9.scope",
        "/system.slice/run-r0123456789abcdef.scope",
        "/system.slice/edge.socket",
        "/machine.slice/libpod-conmon-ID.scope",
        "/kubepods.slice/crio-conmon-ID.scope",
        "/lxc.monitor.web",
        "/../../somewhere"
      })
  void unitIn_whenInNoServiceAndNoContainer_isNone(String path) {
    assertThat(unitIn("0::" + path)).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Docker, by systemd's driver and by its own; rootless; below a cgroup namespace
        "0::/system.slice/docker-ID.scope",
        "0::/docker/ID",
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-ID.scope",
        "0::/../../docker-ID.scope",
        // Podman, rootful and rootless, with its own systemd inside
        "0::/machine.slice/libpod-ID.scope/container",
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container",
        "0::/machine.slice/libpod-ID.scope/container/system.slice/nginx.service",
        // nerdctl and plain containerd
        "0::/system.slice/nerdctl-ID.scope",
        "0::/default/ID",
        // Kubernetes: containerd and CRI-O, both drivers
        "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-ID.scope",
        "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice/crio-ID.scope",
        "0::/kubepods/burstable/pod1-2/ID",
        "0::/system.slice/containerd.service/kubepods-besteffort-pod1_2.slice:cri-containerd:ID",
        // Amazon ECS
        "0::/ecs/0123/ID",
        // a container in a container: the inner one
        "0::/docker/INNER/kubelet/kubepods/besteffort/pod1-2/ID"
      })
  void unitIn_whenInAContainer_isTheStartOfItsId(String line) {
    assertThat(unitIn(line)).isEqualTo("container-0123456789ab");
  }

  @ParameterizedTest
  @CsvSource({
    "/lxc.payload.web, container-web",
    "/lxc.payload.web/system.slice/nginx.service, container-web",
    "/lxc/101/ns/system.slice/nginx.service, container-101",
    "/machine.slice/machine-web.scope/payload/system.slice/nginx.service, container-web",
    "/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service, container-web",
    "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator, container-qemu\\x2d1\\x2dvm"
  })
  void unitIn_whenInANamedContainer_isItsName(String path, String unit) {
    assertThat(unitIn("0::" + path)).isEqualTo(unit);
  }

  @Test
  void unitIn_whenHostHasVersion1_takesSystemdsHierarchy() {
    assertThat(
            unitIn(
                "12:cpu,cpuacct:/",
                "2:memory:/system.slice/other.service",
                "1:name=systemd:/system.slice/edge.service"))
        .isEqualTo("edge.service");
    assertThat(unitIn("11:pids:/docker/ID", "1:name=systemd:/docker/ID"))
        .isEqualTo("container-0123456789ab");
    assertThat(unitIn("4:pids:/kubepods/pod1/ID", "1:name=systemd:/kubepods/burstable/pod1/ID"))
        .isEqualTo("container-0123456789ab");
    assertThat(unitIn("3:pids:/a.service", "2:cpu:/b.service")).isNull();
  }

  @Test
  void unitIn_whenHostIsHybrid_takesSystemdsHierarchyUnlessThatSaysNothing() {
    assertThat(unitIn("1:name=systemd:/system.slice/edge.service", "0::/system.slice/edge.service"))
        .isEqualTo("edge.service");
    assertThat(unitIn("1:name=systemd:/docker/ID", "0::/system.slice/containerd.service"))
        .isEqualTo("container-0123456789ab");
    assertThat(unitIn("9:name=systemd:/", "4:memory:/vm/0123", "0::/system.slice/edge.service"))
        .isEqualTo("edge.service");
    assertThat(unitIn("9:name=systemd:/", "4:memory:/vm/0123", "0::/")).isNull();
    assertThat(unitIn()).isNull();
  }

  @Test
  void peer_whenUnitIsKnown_countsMoreThanTheClaimAndThatMoreThanTheExecutable() {
    PeerProcess unit = new PeerProcess(1, 2, 3, "edge.service", "java");
    PeerProcess none = new PeerProcess(1, 2, 3, null, "java");

    assertThat(unit.peer("claimed")).isEqualTo(new Peer(1, 2, 3, "edge.service"));
    assertThat(none.peer("claimed")).isEqualTo(new Peer(1, 2, 3, "claimed"));
    assertThat(none.peer(null)).isEqualTo(new Peer(1, 2, 3, "java"));
  }

  @Test
  void of_whenProcessIsOurs_knowsItsExecutable() {
    int pid = (int) ProcessHandle.current().pid();

    assertThat(PeerProcess.of(1, 2, pid).executable()).isEqualTo("java");
  }

  @Test
  void of_whenProcessIsGone_knowsNothing() {
    assertThat(PeerProcess.of(1, 2, 0)).isEqualTo(new PeerProcess(1, 2, 0, null, "unknown"));
  }

  @Test
  void safe_whenNameCouldForgeALine_isHarmless() {
    String forged = PeerProcess.safe("x\n5\tedge.packet_id # ä");
    assertThat(forged).isEqualTo("x_5_edge.packet_id____");
    assertThat(Names.checkService(forged)).isEqualTo(forged);
    assertThat(PeerProcess.safe("edge@a\\x2db.service")).isEqualTo("edge@a\\x2db.service");
    assertThat(PeerProcess.safe("x".repeat(255))).hasSize(128);
  }
}
