package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The benchmark of the packet path still runs, and says all that it is there to say. */
@ResourceLock(Lab.LOADED_PROGRAMS)
class DatapathBenchIT {
  private static final Path SCRIPT =
      Path.of(System.getProperty("metakey.sources", "."), "bench/datapath/run.sh")
          .toAbsolutePath()
          .normalize();

  /** It compiles, and loads some forty programs twice, on machines that may be busy. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final String FIGURES = " +\\d+\\.\\d\\d +\\d+\\.\\d\\d +-?\\d+\\.\\d\\d +-?\\d+";

  private static final List<String> ROWS =
      List.of(
          "empty loop",
          "slotted get",
          "slotted set",
          "slotted set, checked against the header map",
          "slotted presence restored",
          "slotted set, not there before",
          "slotted del",
          "slotted first set, area made",
          "packed presence restored",
          "packed first set, area made",
          "hash map get",
          "hash map set");

  private static final List<String> GOALS =
      List.of(
          "slotted get, ns",
          "slotted set, ns",
          "slotted get / packed get, 7 fields",
          "slotted set / packed set, 7 fields",
          "slotted set / packed insert, 7 fields",
          "packed get, 7 fields / hash map get");

  @BeforeEach
  void require() throws Exception {
    Requires.bpf();
  }

  @Test
  void run_whenShort_checksAndPrintsEveryRowAndGoal() throws Exception {
    Ran ran = run("2", "160").ok();

    assertThat(ran.out())
        .contains("machine: ", "BPF code: clang version", "each of the 30 rows does what it says")
        .contains("2 runs of 160 operations; other processes kept");
    assertThat(rows()).hasSize(30).allSatisfy(row -> assertLine(ran, row + FIGURES));
    assertThat(GOALS)
        .allSatisfy(goal -> assertLine(ran, goal + " +<= +\\d\\.\\d\\d +\\S+ +(yes|no)"));
  }

  @Test
  void run_whenNoNumber_refuses() throws Exception {
    run("many").exits(1);

    assertThat(run("many").err()).contains("runs: many, not a number from 1 to 10000");
  }

  private static Stream<String> rows() {
    Stream<String> byFields =
        Stream.of("get", "set", "insert", "del", "insert and del")
            .flatMap(
                call ->
                    Stream.of("1 field", "7 fields", "20 fields")
                        .map(fields -> "packed " + call + ", " + fields));
    Stream<String> lists =
        Stream.of("1 entry", "7 entries", "20 entries").map(entries -> "list get, " + entries);
    return Stream.of(ROWS.stream(), byFields, lists).flatMap(names -> names);
  }

  private static void assertLine(Ran ran, String pattern) {
    assertThat(ran.out()).containsPattern(Pattern.compile("^" + pattern + "$", Pattern.MULTILINE));
  }

  private static Ran run(String... words) throws Exception {
    List<String> command = Stream.concat(Stream.of(SCRIPT.toString()), Stream.of(words)).toList();
    return Ran.of(new ProcessBuilder(command), PATIENCE);
  }
}
