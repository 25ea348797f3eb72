package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Network, mounts and processes of their own, as a host has them: with a bpffs at its place and
 * {@code deploy/examples/lab.sh} to make devices. All of it is gone when its first process ends,
 * which it does with the JVM at the latest.
 */
final class Lab implements AutoCloseable {
  private static final String FIRST =
      "mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf && mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns"
          + " && ip link set lo up && echo ready && exec cat";

  private final Host host;
  private final Process first;
  private final long pid;
  private final List<Process> background = new ArrayList<>();

  private Lab(Host host) throws IOException {
    this.host = host;
    List<String> command =
        List.of(
            "unshare",
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            FIRST);
    first = host.process(command).redirectErrorStream(true).start();
    assertThat(firstLine(first)).as("what the lab's first process says").isEqualTo("ready");
    pid = first.children().findFirst().orElseThrow().pid();
  }

  /** Makes a lab, and removes it after the test. */
  static Lab open(Host host) throws IOException {
    return host.closeLater(new Lab(host));
  }

  /**
   * Waits until no program is loaded that names fields, as a daemon without data would adopt its
   * fields and its layout. The programs of an earlier test go with a delay.
   */
  static void awaitNoneLoaded() throws Exception {
    Host.await(
        "no loaded program has a map .rodata.metakey (bpftool map list shows them)",
        () -> !mapsSeen().contains(" .rodata.metakey "));
  }

  /** Empty if this user may not look, or has nothing to look with. */
  private static String mapsSeen() throws Exception {
    if (!Requires.isInstalled("bpftool")) {
      return "";
    }
    return Ran.of(new ProcessBuilder("bpftool", "map", "list"), Host.PATIENCE).out();
  }

  private static String firstLine(Process process) throws IOException {
    BufferedReader out = process.inputReader();
    return String.valueOf(out.readLine());
  }

  /** A file of deploy/examples. */
  static Path example(String name) {
    return Path.of(System.getProperty("metakey.sources", ".."), "deploy/examples", name)
        .toAbsolutePath()
        .normalize();
  }

  /** Runs a shell's command in it. */
  Ran run(String command) throws Exception {
    return Ran.of(process(command), Host.PATIENCE);
  }

  /** Starts a command that runs until the lab is closed, and waits until it says this. */
  void start(String command, String says) throws IOException {
    Process process = process(command).redirectErrorStream(true).start();
    background.add(process);
    assertThat(firstLine(process)).as("what %s says", command).isEqualTo(says);
  }

  ProcessBuilder process(String command) {
    return host.process(
        List.of(
            "nsenter",
            "--target=" + pid,
            "--net",
            "--mount",
            "--pid",
            "--wd=" + host.root(),
            "bash",
            "-c",
            command));
  }

  @Override
  public void close() throws Exception {
    first.getOutputStream().close();
    first.waitFor();
    for (Process process : background) {
      process.destroyForcibly().waitFor();
    }
  }
}
