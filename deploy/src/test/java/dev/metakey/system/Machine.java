package dev.metakey.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A small Debian under a systemd of its own, in a container with the image in {@code /opt/metakey}
 * and an empty bpffs. It has no network, and what it writes is gone with it.
 */
final class Machine implements AutoCloseable {
  private static final Path JAVA = Path.of(System.getProperty("java.home"));
  private static final Path JAVA_CONFIG = Path.of("/etc/java-17-openjdk");

  private final Host host;
  private final String name = "metakey-it-" + ProcessHandle.current().pid();
  private final List<Path> cgroups = new ArrayList<>();
  private final Path files;
  private final Path bpffs;
  private Process container;

  /** Makes one that can be written to, and booted. */
  Machine(Host host, Path debian) throws Exception {
    this.host = host;
    Path layer = host.mount("layer", "-t", "tmpfs", "tmpfs");
    Path upper = Files.createDirectory(layer.resolve("upper"));
    Path work = Files.createDirectory(layer.resolve("work"));
    files =
        host.mount(
            "machine",
            "-t",
            "overlay",
            "overlay",
            "-o",
            "lowerdir=%s,upperdir=%s,workdir=%s".formatted(debian, upper, work));
    bpffs = host.mount("bpffs", "-t", "bpf", "bpf");
    write("etc/sysusers.d/metakey.conf", "g metakey -\n");
    for (String program : List.of("metakey", "metakeyd")) {
      link("usr/bin/" + program, "/opt/metakey/bin/" + program);
    }
    link("usr/bin/java", JAVA.resolve("bin/java").toString());
    for (String directory : List.of("opt/metakey", JAVA.toString(), JAVA_CONFIG.toString())) {
      Files.createDirectories(at(directory));
    }
  }

  private Path at(String path) {
    return files.resolve(path.replaceFirst("^/", ""));
  }

  /** Writes a file, by its path in the machine. */
  void write(String path, String text) throws IOException {
    Files.createDirectories(at(path).getParent());
    Files.writeString(at(path), text);
  }

  void copy(Path file, String path) throws IOException {
    Files.createDirectories(at(path).getParent());
    Files.copy(file, at(path));
  }

  private void link(String path, String target) throws IOException {
    Files.createSymbolicLink(at(path), Path.of(target));
  }

  /** Has a unit started when the machine boots. */
  void enable(String unit) throws IOException {
    Files.createDirectories(at("etc/systemd/system/multi-user.target.wants"));
    link("etc/systemd/system/multi-user.target.wants/" + unit, "../" + unit);
  }

  /** Boots it, and returns when its systemd has started what it is to start. */
  Machine boot() throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "systemd-nspawn",
                "--quiet",
                "--boot",
                "--keep-unit",
                "--register=no",
                "--console=pipe",
                "--machine=" + name,
                "--directory=" + files,
                "--private-network",
                "--resolv-conf=off",
                "--timezone=off",
                "--link-journal=no",
                "--capability=CAP_BPF,CAP_PERFMON",
                "--system-call-filter=bpf perf_event_open",
                "--bind=" + bpffs + ":/sys/fs/bpf",
                "--bind-ro=" + Image.built().root() + ":/opt/metakey",
                "--bind-ro=" + JAVA));
    if (Files.isDirectory(JAVA_CONFIG)) {
      command.add("--bind-ro=" + JAVA_CONFIG);
    }
    for (Path hierarchy : Cgroups.hierarchies()) {
      cgroups.add(hierarchy.resolve(name));
      command = Cgroups.of(hierarchy).in("/" + name, command);
    }
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder
        .environment()
        .put("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "yes"); // or /sys has no place for bpffs
    container = builder.redirectOutput(host.root().resolve("console").toFile()).start();
    Host.await(120, "the machine has booted; see its console", this::isUp);
    return this;
  }

  private boolean isUp() throws Exception {
    return container.children().findAny().isPresent()
        && List.of("running\n", "degraded\n").contains(run("systemctl", "is-system-running").out());
  }

  /** Runs a command in the machine, as root. */
  Ran run(String... words) throws Exception {
    long first = container.children().findAny().orElseThrow().pid();
    List<String> command = new ArrayList<>(List.of("nsenter", "--target=" + first, "--all", "--"));
    command.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().putAll(Map.of("PATH", "/usr/sbin:/usr/bin", "LC_ALL", "C.UTF-8"));
    return Ran.of(builder, Host.PATIENCE);
  }

  /** What systemd says of a property of a unit. */
  String property(String unit, String property) throws Exception {
    return run("systemctl", "show", unit, "--value", "--property=" + property).ok().out().trim();
  }

  String journal() throws Exception {
    return run("journalctl", "--boot", "--no-pager", "--output=cat").ok().out();
  }

  /** Ends every process of it, and removes what systemd-nspawn leaves behind. */
  @Override
  public void close() throws Exception {
    if (container == null) {
      return;
    }
    container.children().forEach(ProcessHandle::destroyForcibly);
    container.destroyForcibly().waitFor();
    for (Path cgroup : cgroups) {
      Host.await("the cgroups of the machine are empty", () -> isRemoved(cgroup));
    }
    for (String place : List.of("propagate", "unix-export")) {
      Files.deleteIfExists(Path.of("/run/systemd/nspawn", place, name));
    }
  }

  private static boolean isRemoved(Path cgroup) throws IOException {
    if (!Files.exists(cgroup)) {
      return true;
    }
    try (Stream<Path> all = Files.walk(cgroup)) {
      for (Path directory :
          all.filter(Files::isDirectory).sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(directory);
      }
      return true;
    } catch (IOException busy) {
      return false;
    }
  }
}
