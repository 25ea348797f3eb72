package dev.metakey.server.transport;

import dev.metakey.server.domain.PeerMatch;
import java.util.List;
import java.util.stream.Stream;

/**
 * The units that run other people's processes, so that being in one proves nothing.
 *
 * @param patterns names of units, with {@code *} for anything
 */
public record Launchers(List<String> patterns) {
  /** The launchers that are known without any config. docs/operating.md lists them. */
  public static final Launchers DEFAULTS =
      new Launchers(
          List.of(
              // what users schedule, and where they log in
              "cron.service",
              "crond.service",
              "cronie.service",
              "anacron.service",
              "fcron.service",
              "incron.service",
              "atd.service",
              "ssh.service",
              "sshd.service",
              "ssh@*.service",
              "sshd@*.service",
              "dropbear.service",
              "dropbear@*.service",
              "getty@*.service",
              "serial-getty@*.service",
              "console-getty.service",
              "rescue.service",
              "emergency.service",
              "debug-shell.service",
              "user@*.service",
              // supervisors
              "supervisor.service",
              "supervisord.service",
              "monit.service",
              "inetd.service",
              "xinetd.service",
              // containers and machines
              "docker.service",
              "snap.docker.dockerd.service",
              "containerd.service",
              "buildkit.service",
              "podman.service",
              "crio.service",
              "cri-o.service",
              "kubelet.service",
              "snap.kubelet.daemon.service",
              "k3s.service",
              "k3s-agent.service",
              "k0scontroller.service",
              "k0sworker.service",
              "rke2-server.service",
              "rke2-agent.service",
              "snap.microk8s.*.service",
              "nomad.service",
              "lxc.service",
              "lxc@*.service",
              "lxd.service",
              "snap.lxd.daemon.service",
              "incus.service",
              "libvirtd.service",
              "systemd-nspawn@*.service",
              // runners of builds
              "actions.runner.*.service",
              "gitlab-runner.service",
              "buildkite-agent.service",
              "buildkite-agent@*.service",
              "jenkins.service",
              "jenkins-agent.service",
              "slurmd.service"));

  public Launchers {
    patterns = List.copyOf(patterns);
  }

  /** These, and the ones that the config names. */
  public Launchers and(List<String> more) {
    return new Launchers(Stream.concat(patterns.stream(), more.stream()).toList());
  }

  boolean contains(String unit) {
    return patterns.stream().anyMatch(pattern -> PeerMatch.isLike(pattern, unit));
  }
}
