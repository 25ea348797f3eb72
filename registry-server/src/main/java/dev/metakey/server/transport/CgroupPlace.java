package dev.metakey.server.transport;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the lines of {@code /proc/PID/cgroup} say about a process.
 *
 * <p>Only systemd and root can put a process below {@code /system.slice/x.service}, so a unit there
 * is proven. Everything below the first component that is not a slice belongs to whoever that
 * component was delegated to: a container's own systemd, or a service that sorts its workers, may
 * name cgroups there as it likes. The same is true of everything in a user's slice. Hence the unit
 * is the first component that is not a slice, or there is none.
 *
 * <p>Where systemd has a hierarchy of its own (version 1, and the mixed one), that one counts,
 * unless it says nothing; otherwise version 2 counts.
 *
 * @param unit the host's unit, or the unit of a user's own manager; empty if there is none
 * @param userManager the uid of the user whose manager runs the unit; -1 if the unit is the host's
 * @param inUserSlice whether the process is somewhere in a user's slice
 * @param container short id or name of the innermost container in the path, which proves nothing;
 *     empty if there is none
 * @param path of the cgroup, below the root that the daemon sees
 * @param ended whether the kernel says that the cgroup is gone, and hence the process too
 */
record CgroupPlace(
    String unit,
    int userManager,
    boolean inUserSlice,
    String container,
    String path,
    boolean ended) {
  static final CgroupPlace NOWHERE = new CgroupPlace("", -1, false, "", "", false);

  static final CgroupPlace GONE = new CgroupPlace("", -1, false, "", "", true);

  private static final String DELETED = " (deleted)";

  /** A container in a cgroup's path, as Docker, Podman, Kubernetes, LXC and nspawn put it there. */
  private static final Pattern CONTAINER =
      Pattern.compile(
          "/(?:[^/]*:)?(?:docker|libpod|libpod-payload|crio|cri-containerd|nerdctl)[-:](?<id>[0-9a-f]{64})(?:\\.scope)?(?=/|$)"
              + "|/(?<bare>[0-9a-f]{64})(?=/|$)"
              + "|/lxc(?:\\.payload\\.|\\.(?!payload\\.|monitor\\.)|/)(?<lxc>[^/]+)"
              + "|/machine-(?<machine>[^/]+)\\.scope(?=/|$)"
              + "|/systemd-nspawn@(?<nspawn>[^/]+)\\.service(?=/|$)");

  private static final List<String> CONTAINER_NAMES =
      List.of("id", "bare", "lxc", "machine", "nspawn");

  private static final int SHORT_ID_LENGTH = 12;

  private static final Pattern USER_MANAGER = Pattern.compile("user@(\\d{1,10})\\.service");

  static CgroupPlace of(List<String> lines) {
    String systemd = pathOf(lines, "name=systemd");
    String unified = pathOf(lines, "");
    String path = systemd.length() > 1 ? systemd : unified;
    if (path.endsWith(DELETED)) {
      return GONE;
    }
    return of(path, containerIn(path));
  }

  private static CgroupPlace of(String path, String container) {
    String[] parts = path.split("/", -1);
    int at = 1;
    while (at < parts.length && parts[at].equals("..")) {
      at++; // outside of the daemon's own cgroup namespace
    }
    boolean inUserSlice = false;
    for (; at < parts.length && parts[at].endsWith(".slice"); at++) {
      inUserSlice |= parts[at].equals("user.slice") || parts[at].startsWith("user-");
    }
    String first = at < parts.length ? parts[at] : "";
    if (!inUserSlice) {
      return new CgroupPlace(serviceOrNone(first), -1, false, container, path, false);
    }
    Matcher manager = USER_MANAGER.matcher(first);
    if (!manager.matches()) {
      return new CgroupPlace("", -1, true, container, path, false);
    }
    for (at++; at < parts.length && parts[at].endsWith(".slice"); at++) {}
    return new CgroupPlace(
        at < parts.length ? serviceOrNone(parts[at]) : "",
        (int) Long.parseLong(manager.group(1)),
        true,
        container,
        path,
        false);
  }

  private static String serviceOrNone(String part) {
    if (!part.endsWith(".service")) {
      return "";
    }
    return part.startsWith("_")
        ? part.substring(1)
        : part; // systemd puts it before names like cpu.service
  }

  /** The path in the hierarchy with these controllers; in the unified one if there are none. */
  private static String pathOf(List<String> lines, String controllers) {
    for (String line : lines) {
      String[] parts = line.split(":", 3);
      if (parts.length == 3
          && parts[1].equals(controllers)
          && (!controllers.isEmpty() || parts[0].equals("0"))) {
        return parts[2];
      }
    }
    return "";
  }

  private static String containerIn(String path) {
    String found = "";
    Matcher container = CONTAINER.matcher(path);
    while (container.find()) {
      for (String group : CONTAINER_NAMES) {
        String name = container.group(group);
        if (name != null) {
          boolean id = group.equals("id") || group.equals("bare");
          found = id ? name.substring(0, SHORT_ID_LENGTH) : name;
        }
      }
    }
    return found;
  }
}
