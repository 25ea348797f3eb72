package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The units of the image under a real systemd, in a machine of its own. */
@LoadedPrograms.Seen
class SystemdIT {
  private static final String UNITS = "share/metakey/systemd/";
  private static final String DROP_IN = "etc/systemd/system/metakeyd.service.d/test.conf";
  private static final String EVERY_PART_IS_THERE =
      "test -S /run/metakey/metakeyd.sock -a -e /run/metakey/registry.bin -a -e /sys/fs/bpf/metakey/ids";

  @RegisterExtension static final Host host = new Host();
  private static Machine machine;

  /**
   * Boots with units around the daemon's that fail, or make a circle, if it is not in its place.
   */
  @BeforeAll
  static void boot() throws Exception {
    Requires.bpf();
    Requires.cgroups();
    machine = host.closeLater(new Machine(host, Requires.debian()));
    for (String unit : new String[] {"metakeyd", "example-edge", "example-tracer"}) {
      machine.copy(
          Image.built().root().resolve(UNITS + unit + ".service"),
          "etc/systemd/system/" + unit + ".service");
    }
    // What cloud-init does: the network is there before basic.target.
    machine.write(
        "etc/systemd/system/early.service",
        unit(
            """
        DefaultDependencies=no
        After=network-pre.target
        Before=sysinit.target
        """,
            "true"));
    machine.write(
        "etc/systemd/system/sysinit.target.d/early.conf", "[Unit]\nRequires=early.service\n");
    machine.write(
        "etc/systemd/system/after.service",
        unit(
            """
        Requires=metakeyd.service
        After=metakeyd.service
        """,
            EVERY_PART_IS_THERE));
    install("gen", "usr/lib/edge/edge.bpf.o");
    install("two", "usr/lib/two.bpf.o");
    machine.write(
        "etc/systemd/system/example-edge.service.d/test.conf",
        "[Service]\nExecStart=\nExecStart=sleep infinity\n");
    machine.write(
        "etc/systemd/system/example-tracer.service.d/test.conf",
        "[Service]\nExecStart=\nExecStart=sleep infinity\n");
    machine.enable("metakeyd.service");
    machine.enable("after.service");
    machine.boot();
  }

  private static void install(String source, String path) throws Exception {
    Path object = host.root().resolve(source + ".bpf.o");
    CBuild.bpf("clang", Path.of("src/test/bpf/%s.bpf.c".formatted(source)), object).ok();
    machine.copy(object, path);
  }

  private static String unit(String relations, String command) {
    return "[Unit]\n%s[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=%s\n"
        .formatted(relations, command);
  }

  @AfterEach
  void goBack() throws Exception {
    machine.run("rm", "-f", "/" + DROP_IN, "/etc/systemd/system/var-lib-metakey.mount").ok();
    machine.run("systemctl", "daemon-reload").ok();
    machine.run("systemctl", "reset-failed").ok();
    machine.run("systemctl", "restart", "metakeyd").ok();
  }

  private static void change(String... lines) throws Exception {
    machine.write(DROP_IN, String.join("\n", lines) + "\n");
    machine.run("systemctl", "daemon-reload").ok();
  }

  @Test
  void unit_whenMachineBoots_isActiveOnlyWhenAllIsPublishedAndAnswers() throws Exception {
    assertThat(machine.property("metakeyd", "ActiveState")).isEqualTo("active");
    assertThat(machine.property("metakeyd", "StatusText")).isEqualTo("Serves, and takes changes.");
    assertThat(machine.property("after", "Result")).isEqualTo("success");
    assertThat(machine.property("early", "Result")).isEqualTo("success");
    assertThat(machine.journal())
        .doesNotContain("ordering cycle", "Unknown key", "looks at them now and then");
  }

  @Test
  void daemon_withinItsBounds_canDoAllItIsFor() throws Exception {
    machine.run("metakey", "register", "bounds.a", "--size", "8").ok();
    machine.run("metakey", "register", "two.zone", "--size", "2").ok();
    machine.run("metakey", "link", "/usr/lib/two.bpf.o", "-o", "/tmp/linked.o").ok();
    machine.run("metakey", "users").ok();
    machine.run("metakey", "backup", "/tmp/backup").ok();
    machine.run("metakey", "register", "bounds.b", "--size", "2").ok();
    machine.run("metakey", "restore", "/tmp/backup", "--yes").ok();
    machine.run("metakey", "release", "bounds.a").ok();

    Ran status = machine.run("metakey", "status").ok();
    assertThat(status.out()).doesNotContain("problem", "cannot be seen", "nothing yet");
    assertThat(status.err()).isEmpty();
    for (String tag : new String[] {"/run/metakey/tag", "/sys/fs/bpf/metakey/tag"}) {
      assertThat(machine.run("stat", "--format=%G %a", tag).ok().out()).isEqualTo("metakey 640\n");
    }
  }

  @Test
  void daemon_withoutCapabilityToLookAtPrograms_publishesMapsAndSaysSo() throws Exception {
    restartWithout("CAP_SYS_ADMIN");
    assertThat(status()).contains("cannot be seen").doesNotContain("cannot be published");
  }

  @Test
  void daemon_withoutCapabilitiesForBpf_publishesFilesAndSaysSo() throws Exception {
    machine.run("systemctl", "stop", "metakeyd").ok();
    machine.run("sh", "-c", "rm /sys/fs/bpf/metakey/*").ok(); // what is pinned could be written
    restartWithout("CAP_SYS_ADMIN CAP_BPF");
    Host.await("it says so", () -> status().contains("/sys/fs/bpf/metakey cannot be published"));
    assertThat(status()).contains("/run/metakey/keys at revision");
  }

  @Test
  void daemon_withoutCapabilityToLookAtPeers_hasNoAdmin() throws Exception {
    restartWithout("CAP_SYS_PTRACE");
    machine.run("metakey", "backup", "/tmp/refused").refuses(5, "admin");
    machine.run("metakey", "resolve", "kernel.rx_hash").ok();
  }

  @Test
  void daemon_withoutCapabilityToGiveFilesAway_keepsTheTagToItself() throws Exception {
    restartWithout("CAP_CHOWN");
    assertThat(machine.run("stat", "--format=%U %a", "/run/metakey/tag").ok().out())
        .isEqualTo("root 600\n");
  }

  private static void restartWithout(String capabilities) throws Exception {
    change("[Service]", "CapabilityBoundingSet=~" + capabilities);
    machine.run("systemctl", "stop", "metakeyd").ok();
    machine.run("rm", "/run/metakey/tag").ok(); // it is not written anew while it fits
    machine.run("systemctl", "start", "metakeyd").ok();
  }

  private static String status() throws Exception {
    return machine.run("metakey", "status").out();
  }

  @Test
  void daemon_whenItsDatabaseIsLost_recoversWithinItsBounds() throws Exception {
    machine.run("metakey", "register", "lost.a", "--size", "8").ok();
    String id = machine.run("metakey", "resolve", "lost.a", "-o", "json").ok().out();
    machine.run("systemctl", "stop", "metakeyd").ok();
    machine.run("sh", "-c", "rm -r /var/lib/metakey/*").ok();

    machine.run("systemctl", "start", "metakeyd").ok();

    assertThat(machine.run("metakey", "list").ok().out()).contains("lost.a");
    assertThat(id).isNotEmpty();
    machine
        .run(
            "sh",
            "-c",
            "systemctl stop metakeyd && rm -r /var/lib/metakey/* /run/metakey/* /sys/fs/bpf/metakey")
        .ok();
  }

  @Test
  void reload_whenConfigIsRightOrWrong_saysSo() throws Exception {
    machine.run("systemctl", "reload", "metakeyd").ok();
    machine.write("etc/metakey/metakeyd.yaml", "quarantine: never\n");
    assertThat(machine.run("systemctl", "reload", "metakeyd").exit()).isNotZero();
    assertThat(machine.property("metakeyd", "ActiveState")).isEqualTo("active");
    assertThat(machine.journal()).contains("/etc/metakey/metakeyd.yaml:1");
    machine.run("rm", "/etc/metakey/metakeyd.yaml").ok();
    machine.run("systemctl", "reload", "metakeyd").ok();
  }

  @Test
  void watchdog_whenDaemonHangs_printsItsThreadsAndStartsItAgain() throws Exception {
    change("[Service]", "WatchdogSec=8s");
    machine.run("systemctl", "restart", "metakeyd").ok();
    String pid = machine.property("metakeyd", "MainPID");
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "metakeyd").ok();
    Host.await(
        60,
        "another process serves",
        () ->
            !machine.property("metakeyd", "MainPID").equals(pid)
                && machine.property("metakeyd", "ActiveState").equals("active"));
    assertThat(machine.journal())
        .contains("Watchdog timeout", "Full thread dump", "registry-writer");
  }

  @Test
  void start_whenFlagsAreWrong_isNotTriedAgain() throws Exception {
    change("[Service]", "ExecStart=", "ExecStart=/usr/bin/metakeyd --no-such-flag");
    assertThat(machine.run("systemctl", "restart", "metakeyd").exit()).isNotZero();
    assertThat(machine.property("metakeyd", "ActiveState")).isEqualTo("failed");
    assertThat(machine.property("metakeyd", "ExecMainStatus")).isEqualTo("2");
  }

  @Test
  void start_whenDataCannotBeUsed_isTriedUntilItCan() throws Exception {
    change(
        "[Service]",
        "ExecStart=",
        "ExecStart=/usr/bin/metakeyd --data /dev/null/data",
        "RestartSec=100ms");
    assertThat(machine.run("systemctl", "restart", "metakeyd").exit()).isNotZero();
    Host.await(
        60,
        "more starts than systemd allows by itself",
        () -> Integer.parseInt(machine.property("metakeyd", "NRestarts")) > 6);
    machine.run("rm", "/" + DROP_IN).ok();
    machine.run("systemctl", "daemon-reload").ok();
    Host.await(60, "it serves", () -> machine.property("metakeyd", "ActiveState").equals("active"));
  }

  @Test
  void start_whenDataIsNotMounted_isRefused() throws Exception {
    machine.run("systemctl", "stop", "metakeyd").ok();
    machine.write(
        "etc/systemd/system/var-lib-metakey.mount",
        "[Mount]\nWhat=/no/such/image\nWhere=/var/lib/metakey\n");
    machine.run("systemctl", "daemon-reload").ok();
    assertThat(machine.run("systemctl", "start", "metakeyd").err()).contains("dependency");
    assertThat(machine.property("metakeyd", "ActiveState")).isEqualTo("inactive");
  }

  /** What they run afterwards is not in the machine, so they sleep instead. */
  @Test
  void examples_whenStarted_registerAndWaitAsOthersThanRoot() throws Exception {
    machine.run("systemctl", "start", "--no-block", "example-tracer").ok();
    machine.run("metakey", "register", "edge.packet_id", "--size", "8").ok();
    machine.run("systemctl", "start", "example-edge").ok();
    Host.await(
        60,
        "the tracer has its field",
        () -> machine.property("example-tracer", "ActiveState").equals("active"));
    assertThat(machine.run("metakey", "list").ok().out()).contains("example-edge.service");
    machine.run("systemctl", "stop", "example-edge", "example-tracer").ok();
  }
}
