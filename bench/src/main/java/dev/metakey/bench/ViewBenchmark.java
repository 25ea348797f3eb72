package dev.metakey.bench;

import dev.metakey.client.MetakeyClient;
import dev.metakey.client.View;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.server.Daemon;
import dev.metakey.server.config.Config;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Look-ups in a real client's view of a real daemon with 64 fields. The names are taken in turn, so
 * that no look-up is folded into the one before.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls open() first
public class ViewBenchmark {
  private Path directory;
  private Daemon daemon;
  private MetakeyClient client;
  private View view;
  private String[] names;
  private int next;

  @Setup(Level.Trial)
  public void open() throws Exception {
    directory = Files.createTempDirectory("metakey-bench");
    Config defaults = Config.defaults();
    Path socket = directory.resolve("metakeyd.sock");
    Config.Paths paths =
        new Config.Paths(
            socket, directory.resolve("data"), directory, "none", directory.resolve("keys.d"));
    daemon =
        new Daemon(
            new Config(
                    paths,
                    defaults.layout(),
                    216,
                    defaults.quarantineMs(),
                    defaults.history(),
                    defaults.publish())
                .withPrograms(Config.Programs.NONE),
            withPids -> List.of(),
            List.of(),
            false);
    client = MetakeyClient.builder().socket(socket).callTimeout(Duration.ofSeconds(30)).connect();
    List<FieldSpec> specs =
        IntStream.range(0, Field.IDS).mapToObj(i -> FieldSpec.of("bench.field_" + i, 2)).toList();
    long revision = client.register(specs).info().revision();
    view = client.view();
    while (view.snapshot().info().revision() < revision) {
      Thread.sleep(1);
    }
    names = specs.stream().map(spec -> copy(spec.name())).toArray(String[]::new);
  }

  /** An equal string that is not the same one, as a caller would have. */
  private static String copy(String name) {
    return new String(name.toCharArray());
  }

  @TearDown(Level.Trial)
  public void close() throws Exception {
    client.close();
    daemon.close();
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  @Benchmark
  public @Nullable Field byName() {
    return view.get(names[next++ & (Field.IDS - 1)]);
  }

  @Benchmark
  public @Nullable Field byId() {
    return view.get(next++ & (Field.IDS - 1));
  }

  /** What the two benchmarks above cost without their look-up. */
  @Benchmark
  public String nothing() {
    return names[next++ & (Field.IDS - 1)];
  }
}
