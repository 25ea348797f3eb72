package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The benchmark of the packet path still runs, and prints all its figures. */
@LoadedPrograms.Loaded
class DatapathBenchIT {
  private static final Path SCRIPT =
      Path.of(System.getProperty("metakey.sources", "."), "bench/datapath/run.sh")
          .toAbsolutePath()
          .normalize();

  /** It compiles and loads some forty programs twice, and the machine may be busy. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final String FIGURES =
      " +\\d+\\.\\d\\d +\\d+\\.\\d\\d +-?\\d+\\.\\d\\d +-?\\d+ +-?\\d+ +-?\\d+";

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
          "tracer, empty loop",
          "slotted trace_get",
          "packed trace_get, 7 fields",
          "tc by sock_get, empty loop",
          "slotted sock_get",
          "packed sock_get, 7 fields",
          "by hand, bounds check alone, get",
          "by hand, bounds check alone, set",
          "by hand, with a mark check, get",
          "by hand, with a mark check, set",
          "hash map get",
          "hash map set");

  private static final List<String> GOALS =
      List.of(
          "slotted get / by hand, with a mark check",
          "slotted set / by hand, with a mark check",
          "slotted get / packed get, 7 fields",
          "slotted set / packed set, 7 fields",
          "slotted set / packed insert, 7 fields",
          "slotted get / hash map get",
          "slotted set / hash map set",
          "packed get, 7 fields / hash map get",
          "packed insert, 1 field / packed get, 1 field");

  /**
   * The most BPF instructions that an operation adds to a program which does it once, that the
   * verifier processes for it, and bytes of machine code on x86-64: a tenth more than with clang
   * 14. A busy machine does not change these counts.
   */
  private static final Map<String, int[]> MOST =
      Map.ofEntries(
          Map.entry("slotted get", new int[] {77, 752, 339}),
          Map.entry("slotted set", new int[] {213, 906, 949}),
          Map.entry("slotted del", new int[] {99, 742, 445}),
          Map.entry("slotted trace_get", new int[] {112, 128, 588}),
          Map.entry("packed trace_get, 7 fields", new int[] {285, 291, 1242}),
          Map.entry("slotted sock_get", new int[] {113, 129, 541}),
          Map.entry("packed sock_get, 7 fields", new int[] {286, 292, 1191}),
          Map.entry("packed get, 7 fields", new int[] {271, 1102, 1105}),
          Map.entry("packed set, 7 fields", new int[] {724, 2848, 2951}),
          Map.entry("packed insert, 7 fields", new int[] {715, 2785, 2910}),
          Map.entry("packed del, 7 fields", new int[] {466, 2700, 1888}));

  @BeforeEach
  void require() throws Exception {
    Requires.bpf();
  }

  @Test
  void run_whenShort_checksAndPrintsEveryRowAndGoal() throws Exception {
    Ran ran = run("2", "160").ok();

    assertThat(ran.out())
        .contains("machine: ", "BPF code: clang version", "each of the 40 rows does what it says")
        .contains("2 runs of 160 operations; other processes kept");
    assertThat(rows()).hasSize(40).allSatisfy(row -> assertLine(ran, row + FIGURES));
    MOST.forEach((row, most) -> assertCounts(ran, row, most));
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

  private static void assertCounts(Ran ran, String row, int[] most) {
    Matcher line =
        Pattern.compile(
                "^" + row + " +\\S+ +\\S+ +\\S+ +(\\d+) +(\\d+) +(\\d+)$", Pattern.MULTILINE)
            .matcher(ran.out());
    assertThat(line.find()).as("a row %s in %s", row, ran.out()).isTrue();
    assertThat(Integer.parseInt(line.group(1))).as("instructions of " + row).isBetween(1, most[0]);
    assertThat(Integer.parseInt(line.group(2))).as("verified of " + row).isBetween(1, most[1]);
    if (System.getProperty("os.arch").equals("amd64")) {
      assertThat(Integer.parseInt(line.group(3))).as("bytes of " + row).isBetween(1, most[2]);
    }
  }

  private static void assertLine(Ran ran, String pattern) {
    assertThat(ran.out()).containsPattern(Pattern.compile("^" + pattern + "$", Pattern.MULTILINE));
  }

  private static Ran run(String... words) throws Exception {
    List<String> command = Stream.concat(Stream.of(SCRIPT.toString()), Stream.of(words)).toList();
    return Ran.of(new ProcessBuilder(command), PATIENCE);
  }
}
