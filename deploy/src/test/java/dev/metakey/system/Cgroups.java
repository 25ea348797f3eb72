package dev.metakey.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Cgroups of one hierarchy, for processes to run in. Those that it made are removed at the end. */
final class Cgroups implements AutoCloseable {
  private static final long REMOVAL_MS = 10_000;

  private final Path root;
  private final Deque<Path> made = new ArrayDeque<>();

  private Cgroups(Path root) {
    this.root = root;
  }

  /** The hierarchies that tell where a process is: version 2, and systemd's own of version 1. */
  static List<Path> hierarchies() throws IOException {
    List<Path> roots = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
      String[] mount = line.split(" ", -1);
      if (mount[2].equals("cgroup2")
          || (mount[2].equals("cgroup") && mount[3].contains("name=systemd"))) {
        roots.add(Path.of(mount[1]));
      }
    }
    return roots;
  }

  static Cgroups of(Path hierarchy) {
    return new Cgroups(hierarchy);
  }

  /** A command that runs in a cgroup, which is made if need be. */
  List<String> in(String cgroup, List<String> command) throws IOException {
    Path directory = make(cgroup);
    List<String> moved =
        new ArrayList<>(
            List.of(
                "sh",
                "-c",
                "echo $$ > \"$1\" && shift && exec \"$@\"",
                "sh",
                directory.resolve("cgroup.procs").toString()));
    moved.addAll(command);
    return moved;
  }

  /** The directory of a cgroup, which is made if need be. */
  Path make(String cgroup) throws IOException {
    Path directory = root;
    for (String part : cgroup.substring(1).split("/", -1)) {
      directory = directory.resolve(part);
      if (!Files.exists(directory)) {
        Files.createDirectory(directory);
        made.push(directory);
      }
    }
    return directory;
  }

  /** A cgroup can be removed only a moment after its last process has ended. */
  @Override
  public void close() throws Exception {
    long endMs = System.currentTimeMillis() + REMOVAL_MS;
    while (!made.isEmpty()) {
      try {
        Files.delete(made.peek());
        made.pop();
      } catch (IOException busy) {
        if (System.currentTimeMillis() > endMs) {
          throw busy;
        }
        Thread.sleep(10);
      }
    }
  }
}
