package dev.metakey.server.transport;

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

  /** Names of container cgroups, as Docker, Podman, containerd, CRI-O, LXC and nspawn give them. */
  private static final Pattern CONTAINER =
      Pattern.compile(
          "(?:docker|libpod|crio|cri-containerd|nerdctl)[-:]([0-9a-f]{64})(?:\\.scope)?"
              + "|([0-9a-f]{64})"
              + "|lxc(?:\\.payload)?\\.([^/]+)"
              + "|machine-([^/]+)\\.scope");

  private static final int CONTAINER_ID_LENGTH = 12;

  /** What the kernel tells of a connected peer. */
  static PeerProcess of(int uid, int gid, int pid) {
    return new PeerProcess(uid, gid, pid, unitOf(pid), executableOf(pid));
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
   * The innermost container or service unit in the lines of {@code /proc/PID/cgroup}: the unified
   * hierarchy's, else systemd's own.
   */
  static @Nullable String unitIn(List<String> lines) {
    String unified = pathOf(lines, "0::");
    String path = unified.length() > 1 ? unified : pathOf(lines, ":name=systemd:");
    String found = null;
    for (String part : path.split("/", -1)) {
      String unit = unit(part);
      found = unit != null ? unit : found;
    }
    return found;
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

  private static @Nullable String unit(String part) {
    // A user's service manager is not a service; what it starts has units of its own.
    if (part.endsWith(".service") && !part.startsWith("user@")) {
      return part;
    }
    Matcher container = CONTAINER.matcher(part);
    if (!container.matches()) {
      return null;
    }
    for (int group = 1; group <= 2; group++) {
      if (container.group(group) != null) {
        return "container-" + container.group(group).substring(0, CONTAINER_ID_LENGTH);
      }
    }
    return "container-" + (container.group(3) != null ? container.group(3) : container.group(4));
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
