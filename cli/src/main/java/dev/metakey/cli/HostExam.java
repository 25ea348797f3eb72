package dev.metakey.cli;

import dev.metakey.cli.print.Finding;
import dev.metakey.model.KernelVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** What the host has of what metakey uses. */
final class HostExam {
  private final Path root;
  private final KernelVersion kernel;

  /**
   * @param root the host's root directory
   */
  HostExam(Path root, KernelVersion kernel) {
    this.root = root;
    this.kernel = kernel;
  }

  List<Finding> look() {
    return List.of(bpffs(), btf(), events(), peers());
  }

  private Finding bpffs() {
    boolean isMounted =
        mounts().anyMatch(mount -> mount[1].equals("/sys/fs/bpf") && mount[2].equals("bpf"));
    return isMounted
        ? Finding.ok("bpffs", "mounted at /sys/fs/bpf")
        : Finding.warn(
            "bpffs",
            "no bpffs is mounted at /sys/fs/bpf, so maps cannot be pinned there",
            "mount -t bpf bpf /sys/fs/bpf, or say 'bpffs: none' in metakeyd.yaml");
  }

  private Finding btf() {
    return Files.exists(root.resolve("sys/kernel/btf/vmlinux"))
        ? Finding.ok("btf", "the kernel describes its types")
        : Finding.warn(
            "btf",
            "there is no /sys/kernel/btf/vmlinux",
            "'metakey trace' and programs that use metakey_trace_get need a kernel with CONFIG_DEBUG_INFO_BTF");
  }

  private Finding events() {
    return kernel.isSince(5, 1)
        ? Finding.ok("events", "the kernel tells of programs that are loaded")
        : Finding.warn(
            "events",
            "kernel %s does not tell of programs that are loaded".formatted(kernel),
            "5.1 or newer does; until then the daemon looks now and then");
  }

  /** How well the daemon can tell who calls. */
  private Finding peers() {
    boolean isHidden =
        mounts()
            .filter(mount -> mount[1].equals("/proc"))
            .flatMap(mount -> Arrays.stream(mount[3].split(",")))
            .anyMatch(
                option -> option.startsWith("hidepid=") && !option.matches("hidepid=(0|off)"));
    if (isHidden) {
      return Finding.warn(
          "peers",
          "/proc is mounted with hidepid, so only a daemon with CAP_SYS_PTRACE knows its callers' units",
          "run metakeyd as root, or mount /proc with hidepid=0");
    }
    return kernel.isSince(6, 5)
        ? Finding.ok("peers", "the kernel tells which process calls")
        : Finding.warn(
            "peers",
            "kernel %s has no SO_PEERPIDFD, so a pid that is used again may be taken for the caller"
                .formatted(kernel),
            "6.5 or newer has it");
  }

  /** Device, place, type and options of each mount; none if they cannot be read. */
  private Stream<String[]> mounts() {
    try {
      return Files.readAllLines(root.resolve("proc/mounts")).stream()
          .map(line -> line.split(" "))
          .filter(words -> words.length >= 4);
    } catch (IOException e) {
      return Stream.empty();
    }
  }
}
