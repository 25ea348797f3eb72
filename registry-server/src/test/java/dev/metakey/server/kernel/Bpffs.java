package dev.metakey.server.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A bpf file system for one test; what is pinned there goes with it. */
public final class Bpffs implements BeforeEachCallback, AfterEachCallback {
  private Path point;
  private boolean mounted;

  @Override
  public void beforeEach(ExtensionContext context) throws Exception {
    int uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    assumeTrue(uid == 0, "missing: root; this test mounts a bpf file system");
    point = Files.createTempDirectory("metakey-bpffs-");
    Files.setPosixFilePermissions(point, PosixFilePermissions.fromString("rwxr-xr-x"));
    mount();
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    if (point != null) {
      unmount();
      Files.delete(point);
    }
  }

  void mount(String... options) throws Exception {
    String[] command = {"mount", "-t", "bpf", "-o", "mode=0755", "bpf", point.toString()};
    for (String option : options) {
      command[4] += "," + option;
    }
    run(command);
    mounted = true;
  }

  void unmount() throws Exception {
    if (mounted) {
      run("umount", point.toString());
      mounted = false;
    }
  }

  Path point() {
    return point;
  }

  public Path directory() {
    return point.resolve("metakey");
  }

  /** Runs a command that is expected to succeed; returns what it said. */
  static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", String.join(" ", command), said).isZero();
    return said;
  }
}
