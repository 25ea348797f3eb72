package dev.metakey.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What some tests need of the machine; without it they are skipped, and say what is missing. */
final class Requires {
  private static final Pattern SERVICE_OR_CONTAINER =
      Pattern.compile("\\.service(/|$)|[0-9a-f]{64}|/lxc|machine-");

  private Requires() {}

  /** The words before a command that is to run as nobody. */
  static List<String> nobody() throws IOException {
    root();
    assumeTrue(isInstalled("setpriv"), "missing: setpriv (util-linux)");
    return new ArrayList<>(
        List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"));
  }

  static void root() throws IOException {
    int uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    assumeTrue(uid == 0, "missing: root; this test changes users or mounts file systems");
  }

  /** Root that may mount. */
  static void mounts() throws Exception {
    root();
    Ran tried = Ran.of(new ProcessBuilder("unshare", "--mount", "true"), Host.PATIENCE);
    assumeTrue(tried.exit() == 0, "missing: CAP_SYS_ADMIN; this test mounts a small file system");
  }

  /** Root that may mount a bpf file system, and bpftool to look at it. */
  static void bpf() throws Exception {
    mounts();
    assumeTrue(isInstalled("bpftool"), "missing: bpftool");
  }

  /** Likewise, and what compiles programs for the kernel. */
  static void clang() throws Exception {
    bpf();
    assumeTrue(isInstalled("clang"), "missing: clang");
    assumeTrue(
        Files.exists(Path.of("/usr/include/bpf/bpf_helpers.h")),
        "missing: the headers of libbpf (libbpf-dev)");
  }

  static void loopDevices() throws Exception {
    mounts();
    assumeTrue(isInstalled("mkfs.ext4"), "missing: mkfs.ext4 (e2fsprogs)");
    Ran tried = Ran.of(new ProcessBuilder("losetup", "--find"), Host.PATIENCE);
    assumeTrue(tried.exit() == 0, "missing: loop devices");
  }

  /** What we claim as our service counts only where the cgroup does not tell. */
  static void claimedServices() throws IOException {
    String cgroup = Files.readString(Path.of("/proc/self/cgroup"));
    assumeTrue(
        !SERVICE_OR_CONTAINER.matcher(cgroup).find(),
        "missing: a cgroup outside of services and containers; here the daemon believes that, and no claim");
  }

  private static boolean isInstalled(String program) {
    return List.of(System.getenv("PATH").split(":")).stream()
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
  }
}
