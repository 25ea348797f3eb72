package dev.metakey.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;

/**
 * Measures an installation beside what people would use instead, and beside its floors: the same
 * work for each, in turns. Started by {@code bench/run.sh}, which installs the others and cleans
 * up. Prints goals and whether they are reached; a goal that is missed is not a failure.
 */
public final class Bench {
  private static final System.Logger LOG = System.getLogger(Bench.class.getName());
  private static final DateTimeFormatter FILE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private final Workbench bench;
  private final Options options;
  private final Results results = new Results();

  private Bench(Workbench bench) {
    this.bench = bench;
    this.options = bench.options;
  }

  public static void main(String[] args) throws Exception {
    Options options;
    try {
      options = Options.parse(List.of(args));
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    int code = 1;
    try (Children children = new Children(options.work())) {
      new Bench(new Workbench(options, children)).run();
      code = 0;
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "the benchmark has failed", e);
    }
    System.exit(code); // netty's threads would keep the JVM alive
  }

  private void run() throws Exception {
    Instant now = Instant.now();
    facts(now);
    Machine.Usage before = Machine.usage(bench.children.running());
    if (options.measures(Options.CALLS)) {
      say("one client");
      calls();
    }
    if (options.measures(Options.CLIENTS)) {
      say("many clients");
      try (ManyClients clients = new ManyClients(bench)) {
        clients.measure(results);
      }
    }
    if (options.measures(Options.WATCHERS)) {
      say("watchers");
      try (Watching watching = new Watching(bench)) {
        watching.measure(results);
      }
    }
    if (options.measures(Options.HISTORY)) {
      say("histories");
      new Histories(bench).measure(results);
    }
    if (options.measures(Options.COMMANDS)) {
      say("commands");
      new CommandLines(bench).measure(results);
    }
    if (options.measures(Options.NEIGHBOURS)) {
      say("neighbours");
      new Neighbours(bench).measure(results);
    }
    if (options.measures(Options.IDLE)) {
      say("idle watchers");
      new IdleWatchers(bench).measure(results);
    }
    if (options.measures(Options.FLEET)) {
      say("a fleet");
      new Fleets(bench).measure(results);
    }
    if (options.measures(Options.SOAK)) {
      say("soak");
      new Soak(bench).measure(results);
    }
    Machine.Usage after = Machine.usage(bench.children.running());
    results.facts.put(
        "other processes", "kept %.2f cores busy meanwhile".formatted(after.othersSince(before)));
    System.out.print(results.markdown());
    say("written: " + results.write(options.results(), FILE.format(now) + ".json"));
  }

  private void calls() throws Exception {
    try (OneClient client = new OneClient(bench)) {
      client.measure(
          results, options.form().warmUpRounds(), options.form().rounds(), ", one client");
      if (Awake.isPossible()) {
        try (Awake awake = new Awake(bench)) {
          client.measure(
              results,
              options.form().rounds() / 10,
              options.form().rounds(),
              ", one client, cores kept awake");
        }
      } else {
        results.leftOut.add("cores kept awake: chrt is not installed");
      }
    }
  }

  private void facts(Instant now) throws IOException {
    results.facts.put("measured", "%s, the %s form".formatted(now, options.form().name()));
    results.facts.put("machine", Machine.describe());
    results.facts.put(
        "disk",
        "data on %s, published files on %s"
            .formatted(
                Files.getFileStore(options.work()).type(),
                Files.getFileStore(options.run()).type()));
    results.facts.put("JDK", System.getProperty("java.vm.name") + " " + Runtime.version());
    fact("metakey", options.image().resolve("bin/metakey").toString(), "--version");
    fact("etcd", "etcd", "--version");
    fact("Redis", "redis-server", "--version");
    if (!Files.isExecutable(options.lookups())) {
      results.leftOut.add("look-ups in C: no C compiler, or no libbpf");
    } else if (options.bpffs().equals("none")) {
      results.leftOut.add("pinned maps: this machine or user may make none");
    }
  }

  private void fact(String what, String command, String argument) throws IOException {
    String version = Workbench.firstLine(command, argument);
    if (version.isEmpty()) {
      results.leftOut.add(what + ": not installed");
    } else {
      results.facts.put(what, version);
    }
  }

  private static void say(String what) {
    System.err.println("bench: " + what);
  }
}
