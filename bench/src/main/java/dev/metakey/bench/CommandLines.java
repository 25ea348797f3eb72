package dev.metakey.bench;

import dev.metakey.bench.Group.Unit;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** How long commands take, as a shell sees them: from starting one until it has ended. */
final class CommandLines {
  private static final String THERE = "bench.there";
  private static final String FLOOR = "floor: true";
  private static final String REDIS_GET = "redis-cli get";
  private static final String ETCD_GET = "etcdctl get";
  private static final String JVM = "an empty JVM";
  private static final String WHY = "a JVM is started, and loads its classes";
  private static final String WHY_ID =
      "a shell is started, and reads the launcher and the file of keys";

  private record Command(
      String name, List<String> words, Path directory, Map<String, String> environment) {
    /**
     * @throws IOException if it fails
     */
    long run() throws IOException, InterruptedException {
      ProcessBuilder builder = new ProcessBuilder(words).directory(directory.toFile());
      builder.environment().putAll(environment);
      builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
      builder.redirectError(ProcessBuilder.Redirect.DISCARD);
      long startNs = System.nanoTime();
      int code = builder.start().waitFor();
      long elapsedNs = System.nanoTime() - startNs;
      if (code != 0) {
        throw new IOException("%s ends with exit code %d".formatted(String.join(" ", words), code));
      }
      return elapsedNs;
    }
  }

  private final Workbench bench;
  private final List<Command> commands = new ArrayList<>();

  CommandLines(Workbench bench) {
    this.bench = bench;
  }

  void measure(Results results) throws Exception {
    try (Opened opened = new Opened()) {
      for (Server server : bench.servers()) {
        var unused = opened.add(server).start();
        opened.add(server.connect()).call(Op.CLAIM, THERE);
        add(server);
      }
      addFloors();
      measure(
          results.group(
              new Group("Run a command", Unit.MILLISECONDS, FLOOR, Results.METAKEY + " id")));
    }
  }

  private void add(Server server) {
    if (server instanceof MetakeyServer metakey) {
      String program = bench.options.image().resolve("bin/metakey").toString();
      Map<String, String> environment = Map.of("METAKEY_SOCKET", metakey.socket().toString());
      add(Results.METAKEY + " id", metakey.directory, environment, program, "id", THERE);
      add(Results.METAKEY + " list", metakey.directory, environment, program, "list");
      add(Results.METAKEY + " --help", metakey.directory, environment, program, "--help");
    } else if (server instanceof EtcdServer) {
      add(
          ETCD_GET,
          server.directory,
          Map.of("ETCDCTL_API", "3"),
          "etcdctl",
          "--endpoints=" + EtcdServer.endpoint(),
          "get",
          THERE);
    } else {
      add(
          REDIS_GET,
          server.directory,
          Map.of(),
          "redis-cli",
          "-s",
          server.socket().toString(),
          "get",
          THERE);
    }
  }

  private void addFloors() throws IOException {
    Path directory = bench.directory("commands");
    add("getent services ssh", directory, Map.of(), "getent", "services", "ssh");
    add(
        JVM,
        directory,
        Map.of(),
        Children.javaLauncher(),
        "-Xshare:auto",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        "-cp",
        directory.toString(),
        nothing(directory));
    add(FLOOR, directory, Map.of(), "true");
  }

  /**
   * Puts a class that does nothing into a directory of its own, which is then the whole class path.
   */
  private static String nothing(Path directory) throws IOException {
    String file = Nothing.class.getName().replace('.', '/') + ".class";
    Path copy = directory.resolve(file);
    var unused = Files.createDirectories(Objects.requireNonNull(copy.getParent()));
    try (InputStream in =
        Objects.requireNonNull(Nothing.class.getClassLoader()).getResourceAsStream(file)) {
      var unusedToo = Files.copy(Objects.requireNonNull(in), copy);
    }
    return Nothing.class.getName();
  }

  private void add(String name, Path directory, Map<String, String> environment, String... words) {
    if (words[0].startsWith("/") || Workbench.program(words[0]) != null) {
      commands.add(new Command(name, List.of(words), directory, environment));
    }
  }

  private void measure(Group group) throws IOException, InterruptedException {
    List<Samples> samples = commands.stream().map(command -> new Samples()).toList();
    for (int i = -1; i < bench.options.form().commands(); i++) {
      for (int j = 0; j < commands.size(); j++) {
        long elapsedNs = commands.get(j).run();
        if (i >= 0) { // the first warms the caches
          samples.get(j).add(elapsedNs);
        }
      }
    }
    for (int j = 0; j < commands.size(); j++) {
      String name = commands.get(j).name();
      group.add(name, samples.get(j), "", goals(name));
    }
  }

  private static Goal[] goals(String name) {
    return switch (name) {
      case Results.METAKEY + " id" ->
          new Goal[] {
            Goal.aheadOf(ETCD_GET, WHY_ID),
            Goal.aheadOf(REDIS_GET, WHY_ID),
            Goal.within(0.45, JVM, WHY_ID)
          };
      case Results.METAKEY + " list" -> new Goal[] {Goal.within(4.3, JVM, WHY)};
      case Results.METAKEY + " --help" -> new Goal[] {Goal.within(2.6, JVM, WHY)};
      default -> new Goal[0];
    };
  }
}
