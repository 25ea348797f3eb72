package dev.metakey.server.transport;

import dev.metakey.model.Names;
import dev.metakey.model.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The process at the other end of a connection.
 *
 * @param unit its systemd service unit or container, read from its cgroup; null where it has none
 * @param executable the base name of its executable
 */
record PeerProcess(int uid, int gid, int pid, @Nullable String unit, String executable) {
  private static final Path PROC = Path.of("/proc");

  /** A container in a cgroup's path, as Docker, Podman, Kubernetes, LXC and nspawn put it there. */
  private static final Pattern CONTAINER =
      Pattern.compile(
          "/(?:[^/]*:)?(?:docker|libpod|crio|cri-containerd|nerdctl)[-:](?<id>[0-9a-f]{64})(?:\\.scope)?(?=/|$)"
              + "|/(?<bare>[0-9a-f]{64})(?=/|$)"
              + "|/lxc(?:\\.payload\\.|\\.(?!payload\\.|monitor\\.)|/)(?<lxc>[^/]+)"
              + "|/machine-(?<machine>[^/]+)\\.scope(?=/|$)"
              + "|/systemd-nspawn@(?<nspawn>[^/]+)\\.service(?=/|$)");

  private static final List<String> CONTAINER_NAMES =
      List.of("id", "bare", "lxc", "machine", "nspawn");

  private static final int CONTAINER_ID_LENGTH = 12;

  /** What a service name may not have: see {@link Names#checkService}. */
  private static final Pattern UNSAFE = Pattern.compile("[^A-Za-z0-9@._:\\\\-]");

  private static final int MAX_LENGTH = 128;

  /** What the kernel tells of a connected peer. */
  static PeerProcess of(int uid, int gid, int pid) {
    String unit = unitOf(pid);
    return new PeerProcess(
        uid, gid, pid, unit == null ? null : safe(unit), safe(executableOf(pid)));
  }

  /**
   * Who calls.
   *
   * @param claimed the name that the client claims for its service; null: none. Counts only where
   *     the cgroup says nothing.
   */
  Peer peer(@Nullable String claimed) {
    String service = unit != null ? unit : claimed != null ? claimed : executable;
    return new Peer(uid, gid, pid, service);
  }

  private static @Nullable String unitOf(int pid) {
    try {
      return unitIn(Files.readAllLines(PROC.resolve(pid + "/cgroup")));
    } catch (IOException e) { // it has ended
      return null;
    }
  }

  /**
   * The innermost container in the lines of {@code /proc/PID/cgroup}, else the innermost service
   * unit. What runs in a container is its, whatever it calls itself in there: it could call itself
   * like a service of the host.
   *
   * <p>Where systemd has a hierarchy of its own, that counts: in the unified one beside it, Docker
   * leaves containers where the daemon was that started them.
   */
  static @Nullable String unitIn(List<String> lines) {
    String systemd = pathOf(lines, ":name=systemd:");
    String path = systemd.length() > 1 ? systemd : pathOf(lines, "0::");
    String container = containerIn(path);
    return container != null ? container : serviceIn(path);
  }

  private static String pathOf(List<String> lines, String hierarchy) {
    for (String line : lines) {
      int at = line.indexOf(hierarchy);
      if (at >= 0 && (at == 0 || hierarchy.startsWith(":"))) {
        return line.substring(at + hierarchy.length());
      }
    }
    return "";
  }

  private static @Nullable String containerIn(String path) {
    String found = null;
    Matcher container = CONTAINER.matcher(path);
    while (container.find()) {
      for (String group : CONTAINER_NAMES) {
        String name = container.group(group);
        if (name != null) {
          boolean id = group.equals("id") || group.equals("bare");
          found = "container-" + (id ? name.substring(0, CONTAINER_ID_LENGTH) : name);
        }
      }
    }
    return found;
  }

  private static @Nullable String serviceIn(String path) {
    String found = null;
    for (String part : path.split("/", -1)) {
      // A user's service manager is not a service; what it starts has units of its own.
      if (part.endsWith(".service") && !part.startsWith("user@")) {
        found = part;
      }
    }
    return found;
  }

  /**
   * Cgroups and executables may have any name, and whoever made them chose it; service names are
   * printed into files and terminals, a line each.
   */
  static String safe(String name) {
    String safe = UNSAFE.matcher(name).replaceAll("_");
    return safe.length() > MAX_LENGTH ? safe.substring(0, MAX_LENGTH) : safe;
  }

  private static String executableOf(int pid) {
    Path process = PROC.resolve(Integer.toString(pid));
    try {
      String name = Files.readSymbolicLink(process.resolve("exe")).getFileName().toString();
      return name.replaceFirst(" \\(deleted\\)$", "");
    } catch (IOException notOurs) { // another user's: its name is public, its executable is not
      try {
        return Files.readString(process.resolve("comm")).trim();
      } catch (IOException ended) {
        return "unknown";
      }
    }
  }
}
