package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines of /proc/PID/cgroup as hosts have them; ID stands for a container's id of 64 digits. */
class CgroupPlaceTest {
  private static final String ID = "0123456789abcdef".repeat(4);
  private static final String INNER = "fedcba9876543210".repeat(4);

  private static CgroupPlace place(String... lines) {
    return CgroupPlace.of(
        Stream.of(lines).map(l -> l.replace("ID", ID).replace("INNER", INNER)).toList());
  }

  /** The host's unit; empty where the cgroup proves none. */
  private static String provenUnit(String... lines) {
    CgroupPlace place = place(lines);
    boolean proven = place.userManager() == -1 && !Launchers.DEFAULTS.contains(place.unit());
    return proven ? place.unit() : "";
  }

  @ParameterizedTest
  @CsvSource({
    "/system.slice/edge-xdp.service, edge-xdp.service",
    "/system.slice/edge-xdp@eth0.service, edge-xdp@eth0.service",
    "/system.slice/system-edge.slice/edge@a\\x2db.service, edge@a\\x2db.service",
    "/edge.slice/edge.service, edge.service",
    "/edge.service, edge.service",
    "/system.slice/_memory.service, memory.service",
    // a cgroup that a unit delegates belongs to the unit, whatever its name is
    "/system.slice/edge.service/workers/1, edge.service",
    "/system.slice/edge.service/victim.service, edge.service",
    // podman in a unit, and a unit that has its own containers
    "/system.slice/edge.service/libpod-payload-ID, edge.service",
    "/system.slice/edge.service/container/system.slice/nginx.service, edge.service",
    // a daemon in a cgroup namespace of its own
    "/../edge.service, edge.service",
    "/../../system.slice/edge.service, edge.service"
  })
  void unit_whenInASystemService_isProven(String path, String unit) {
    assertThat(provenUnit("0::" + path)).isEqualTo(unit);
    assertThat(provenUnit("1:name=systemd:" + path, "0::/")).isEqualTo(unit);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "",
        "/init.scope",
        "/system.slice",
        "/system.slice/edge.socket",
        "/system.slice/run-r0123456789abcdef.scope",
        "/system.slice/run-1.scope/victim.service",
        "/victim/victim.service",
        // login sessions and user managers, and what their users name like a unit
        "/user.slice/user-0.slice/session-3.scope",
        "/user.slice/user-1001.slice/session-3.scope/victim.service",
        "/user.slice/user-1001.slice/user@1001.service",
        "/user.slice/user-1001.slice/user@1001.service/init.scope",
        "/user.slice/user-1001.slice/user@1001.service/victim.service",
        "/user.slice/user-1001.slice/user@1001.service/app.slice/tracer.service",
        "/user.slice/user-1001.slice/victim.service",
        "/user.slice/victim.service",
        "/user-1001.slice/victim.service",
        "/../../user.slice/user-1001.slice/victim.service",
        // Docker, by systemd's driver and by its own; rootless; below a cgroup namespace
        "/system.slice/docker-ID.scope",
        "/system.slice/docker-ID.scope/system.slice/nginx.service",
        "/docker/ID",
        "/docker/ID/system.slice/nginx.service",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-ID.scope",
        "/../docker-ID.scope",
        "/../docker-ID.scope/system.slice/nginx.service",
        "/../../ID/victim.service",
        // Podman
        "/machine.slice/libpod-ID.scope/container",
        "/machine.slice/libpod-ID.scope/container/system.slice/nginx.service",
        "/machine.slice/libpod-conmon-ID.scope",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container",
        // nerdctl and plain containerd
        "/system.slice/nerdctl-ID.scope",
        "/default/ID",
        // Kubernetes: containerd and CRI-O, under kubelet and k3s, both drivers
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-ID.scope",
        "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice/crio-ID.scope",
        "/kubepods.slice/kubepods-pod1.slice/crio-ID.scope/system.slice/nginx.service",
        "/kubepods/burstable/pod1-2/ID",
        "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1.slice/cri-containerd-ID.scope",
        "/system.slice/containerd.service/kubepods-besteffort-pod1_2.slice:cri-containerd:ID",
        "/system.slice/k3s.service/kubepods/besteffort/pod1/ID",
        "/system.slice/k3s-agent.service",
        // LXC and nspawn: a machine's units are not the host's
        "/lxc.payload.web",
        "/lxc.payload.web/system.slice/nginx.service",
        "/lxc.monitor.web",
        "/lxc/101/ns/system.slice/nginx.service",
        "/machine.slice/machine-web.scope/payload/system.slice/nginx.service",
        "/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service",
        "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
        // what runs other people's processes
        "/system.slice/cron.service",
        "/system.slice/crond.service",
        "/system.slice/atd.service",
        "/system.slice/ssh.service",
        "/system.slice/sshd.service",
        "/system.slice/system-sshd.slice/sshd@1-10.0.0.1:22-10.0.0.2:5000.service",
        "/system.slice/supervisord.service",
        "/system.slice/docker.service",
        "/system.slice/docker.service/victim.service",
        "/system.slice/containerd.service",
        "/system.slice/podman.service",
        "/system.slice/crio.service",
        "/system.slice/kubelet.service",
        "/system.slice/gitlab-runner.service",
        "/system.slice/actions.runner.org-repo.host.service",
        "/system.slice/buildkite-agent.service"
      })
  void unit_whenAnythingElse_isNotProven(String path) {
    assertThat(provenUnit("0::" + path)).isEmpty();
    assertThat(provenUnit("1:name=systemd:" + path, "0::" + path)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "/user.slice/user-1000.slice/user@1000.service/app.slice/tracer.service, 1000, tracer.service",
    "/user.slice/user-1000.slice/user@1000.service/a.slice/a-b.slice/t@1.service/x, 1000, t@1.service",
    "/user.slice/user-1000.slice/user@1000.service/victim.service, 1000, victim.service",
    "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-Terminal-9.scope, 1000, ''",
    "/user.slice/user-1000.slice/user@1000.service, 1000, ''",
    "/user.slice/user-1000.slice/session-3.scope, -1, ''"
  })
  void unit_whenInAUsersSlice_isThatUsers(String path, int uid, String unit) {
    CgroupPlace place = place("0::" + path);
    assertThat(place.inUserSlice()).isTrue();
    assertThat(place.userManager()).isEqualTo(uid);
    assertThat(place.unit()).isEqualTo(unit);
  }

  @ParameterizedTest
  @CsvSource({
    "/system.slice/docker-ID.scope, 0123456789ab",
    "/system.slice/edge.service/libpod-payload-ID, 0123456789ab",
    "/machine.slice/libpod-ID.scope/container/system.slice/nginx.service, 0123456789ab",
    "/kubepods/burstable/pod1-2/ID, 0123456789ab",
    "/kubepods.slice/kubepods-pod1.slice/cri-containerd-ID.scope, 0123456789ab",
    "/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:ID, 0123456789ab",
    "/ecs/0123/ID, 0123456789ab",
    "/../../docker-ID.scope, 0123456789ab",
    "/docker/INNER/kubelet/kubepods/besteffort/pod1-2/ID, 0123456789ab",
    "/lxc.payload.web/system.slice/nginx.service, web",
    "/lxc/101/ns/system.slice/nginx.service, 101",
    "/machine.slice/machine-web.scope/payload/system.slice/nginx.service, web",
    "/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service, web",
    "/lxc.monitor.web, ''",
    "/machine.slice/libpod-conmon-ID.scope, ''",
    "/system.slice/edge.service, ''"
  })
  void container_isTheInnermostOfThePath(String path, String container) {
    assertThat(place("0::" + path).container()).isEqualTo(container);
  }

  @Test
  void of_whenHostIsMixed_takesSystemdsHierarchyUnlessThatSaysNothing() {
    assertThat(
            provenUnit(
                "12:cpu,cpuacct:/",
                "2:memory:/system.slice/other.service",
                "1:name=systemd:/system.slice/edge.service"))
        .isEqualTo("edge.service");
    assertThat(provenUnit("1:name=systemd:/docker/ID", "0::/system.slice/edge.service")).isEmpty();
    assertThat(provenUnit("9:name=systemd:/", "4:memory:/vm/1", "0::/system.slice/edge.service"))
        .isEqualTo("edge.service");
    assertThat(provenUnit("9:name=systemd:/", "4:memory:/vm/1", "0::/")).isEmpty();
    assertThat(provenUnit("3:pids:/a.service", "2:cpu:/b.service")).isEmpty();
    assertThat(provenUnit("3:name=evil:0::/a.service")).isEmpty();
    assertThat(provenUnit("3:pids:/x:name=systemd:/system.slice/a.service")).isEmpty();
    assertThat(CgroupPlace.of(List.of())).isEqualTo(CgroupPlace.NOWHERE);
  }

  @Test
  void of_whenCgroupIsGone_saysThatTheProcessEnded() {
    assertThat(place("0::/system.slice/edge.service (deleted)").ended()).isTrue();
    assertThat(place("0::/system.slice/edge.service").ended()).isFalse();
  }

  @Test
  void launchers_whenConfigAddsSome_areThoseToo() {
    Launchers launchers = Launchers.DEFAULTS.and(List.of("pm2-*.service"));
    assertThat(launchers.contains("pm2-root.service")).isTrue();
    assertThat(launchers.contains("cron.service")).isTrue();
    assertThat(launchers.contains("pm2.service")).isFalse();
    assertThat(launchers.contains("notcron.service")).isFalse();
  }
}
