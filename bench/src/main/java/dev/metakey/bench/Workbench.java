package dev.metakey.bench;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes the servers that are compared, each time anew, with their data side by side on one disk.
 */
final class Workbench {
  static final boolean ROOT = System.getProperty("user.name").equals("root");

  final Options options;
  final Children children;
  private int made;

  Workbench(Options options, Children children) {
    this.options = options;
    this.children = children;
  }

  /** A directory on the disk that is measured. */
  Path directory(String name) throws IOException {
    return Files.createDirectories(options.work().resolve(name + "-" + ++made));
  }

  /** A daemon as it is installed: it looks at loaded programs and pins maps, if it may. */
  MetakeyServer metakeyAsInstalled() throws IOException {
    return metakey(ROOT ? "kernel" : "none", options.bpffs());
  }

  /** Whether a daemon as it is installed ever frees an id here. */
  boolean freesIds() {
    return ROOT;
  }

  /** A daemon that frees no ids and pins nothing. */
  MetakeyServer metakeyAlone() throws IOException {
    return metakey("none", "none");
  }

  /**
   * metakey first, and then those others that are installed. This daemon does not look at programs.
   */
  List<Server> servers() throws IOException {
    List<Server> servers = new ArrayList<>(List.of(metakeyAlone()));
    Path etcd = program("etcd");
    if (etcd != null) {
      servers.add(etcd(etcd));
    }
    Path redis = program("redis-server");
    if (redis != null) {
      servers.add(new RedisServer(children, directory("redis"), redis));
    }
    return servers;
  }

  EtcdServer etcd(Path program) throws IOException {
    return new EtcdServer(children, directory("etcd"), program);
  }

  private MetakeyServer metakey(String programs, String bpffs) throws IOException {
    Path directory = directory("metakey");
    Path run = options.run().resolve(String.valueOf(directory.getFileName()));
    return new MetakeyServer(children, directory, options.image(), run, programs, bpffs);
  }

  FloorServer floor(MetakeyServer like) throws IOException {
    return new FloorServer(children, directory("floor"), like.jvmOptions());
  }

  /** The program of this name in PATH, or at this path; null if it is not installed. */
  static @Nullable Path program(String name) {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path program = Path.of(folder).resolve(name);
      if (Files.isExecutable(program)) {
        return program;
      }
    }
    return null;
  }

  /** The first line that a command prints; empty if it is not installed. */
  static String firstLine(String name, String... arguments) throws IOException {
    Path program = program(name);
    if (program == null) {
      return "";
    }
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
        .lines()
        .findFirst()
        .orElse("");
  }
}
