package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Layout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The C headers compile wherever they are included, silently, and bring no names but their own. */
class HeadersIT {
  private static final String KERNEL = "linux/bpf.h";
  private static final String VMLINUX = "vmlinux.h";
  private static final String HELPERS = "bpf/bpf_helpers.h";
  private static final String BPF = "metakey/metakey.bpf.h";
  private static final String HINTS = "metakey/metakey_hints.bpf.h";
  private static final String USER = "metakey/metakey_user.h";
  private static final String SHARED = "metakey/metakey.h";

  /**
   * Instructions that the verifier may process for a program of many calls; it gives up at 1000000.
   */
  private static final int MANY_VERIFIED = 200_000;

  @TempDir static Path vmlinux;
  @TempDir Path work;

  @BeforeAll
  static void dumpKernelTypes() throws Exception {
    Requires.bpf();
    String dump = "bpftool btf dump file /sys/kernel/btf/vmlinux format c > vmlinux.h";
    ProcessBuilder bpftool = new ProcessBuilder("sh", "-c", dump).directory(vmlinux.toFile());
    Ran.of(bpftool, Host.PATIENCE).ok();
  }

  static List<String> clangs() {
    return CBuild.clangs();
  }

  @ParameterizedTest
  @MethodSource("clangs")
  void bpfHeaders_whenIncludedInEveryOrder_compile(String clang) throws Exception {
    List<List<String>> orders = new ArrayList<>();
    for (String header : List.of(SHARED, BPF, HINTS)) {
      orders.add(List.of(header));
      orders.add(List.of(header, header));
    }
    orders.add(List.of(SHARED, BPF));
    orders.add(List.of(BPF, SHARED));
    orders.add(List.of(BPF, HINTS));
    orders.add(List.of(HINTS, BPF));
    for (String types : List.of(KERNEL, VMLINUX)) { // libbpf's header needs the types before it
      orders.add(List.of(types, HELPERS, BPF));
      orders.add(List.of(types, BPF, HELPERS));
      orders.add(List.of(BPF, types, HELPERS));
      orders.add(List.of(types, HELPERS, HINTS));
      orders.add(List.of(types, HINTS, HELPERS));
    }
    orders.add(List.of(HINTS, KERNEL, HELPERS));
    for (List<String> order : orders) {
      bpf(clang, source(order), "-std=gnu11", "-fsyntax-only");
      if (!order.contains(HELPERS)) { // which is not strict C11
        bpf(clang, source(order), "-std=c11", "-fsyntax-only");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("clangs")
  void bpfHeaders_whenBuiltForEveryByteOrderAndCpu_compile(String clang) throws Exception {
    for (String target : List.of("bpfel", "bpfeb")) {
      for (String cpu : List.of("v2", "v3")) {
        bpf(clang, CBuild.source("fields.bpf.c"), "-target", target, "-mcpu=" + cpu);
        bpf(clang, CBuild.source("hints.bpf.c"), "-target", target, "-mcpu=" + cpu);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {SHARED, USER})
  void sharedHeaders_whenIncludedInCAndCpp_compile(String header) throws Exception {
    Path source = source(List.of(header, header));
    List<List<String>> compilers = new ArrayList<>();
    compilers.add(List.of("cc", "-std=c11"));
    for (String clang : CBuild.clangs()) {
      compilers.add(List.of(clang, "-std=c11"));
      compilers.add(List.of(clang, "-x", "c++", "-std=c++17"));
    }
    for (List<String> compiler : compilers) {
      List<String> command = new ArrayList<>(compiler);
      command.addAll(CBuild.WARNINGS);
      command.addAll(List.of("-Wpedantic", "-fsyntax-only", "-I" + CBuild.headers()));
      command.add(source.toString());
      assertSilent(CBuild.run(command));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {SHARED, BPF, HINTS, USER})
  void headers_whenIncluded_defineOnlyMacrosWithOurPrefix(String header) throws Exception {
    boolean inKernel = !header.equals(USER);
    Set<String> ours = macros(inKernel, source(List.of(header)));
    ours.removeAll(macros(inKernel, source(systemHeaders(header))));
    assertThat(ours).isNotEmpty().allMatch(macro -> macro.matches("(METAKEY|metakey)_.*"));
  }

  @Test
  void fields_whenDeclaredOrUsedWrongly_doNotCompile() throws Exception {
    assertRefused("METAKEY_PRODUCES(a, \"\", __u64);", "a name has 1 to 63 bytes");
    assertRefused(
        "METAKEY_PRODUCES(a, \"%s\", __u64);".formatted("x".repeat(64)),
        "a name has 1 to 63 bytes");
    assertRefused("METAKEY_CONSUMES(a, \"a\", __u8);", "is __u16, __u32 or __u64");
    assertRefused("METAKEY_CONSUMES(a, \"a\", char *);", "is __u16, __u32 or __u64");
    String change = "METAKEY_CONSUMES(a, \"a\", __u64); long f(struct xdp_md *ctx) { return %s; }";
    assertRefused(change.formatted("metakey_set(ctx, a, 1)"), "say METAKEY_PRODUCES");
    assertRefused(change.formatted("metakey_del(ctx, a)"), "say METAKEY_PRODUCES");
    String call = "METAKEY_CONSUMES(a, \"a\", __u64); long f(%s ctx) { __u32 v; return %s; }";
    assertRefused(
        call.formatted("struct xdp_md *", "metakey_get(ctx, a, &v)"),
        "a value of the field's type");
    assertRefused(
        call.replace("CONSUMES", "PRODUCES").formatted("void *", "v = metakey_set(ctx, a, 1)"),
        "_Generic");
  }

  @Test
  void bpfHeader_whenNotOptimized_doesNotCompile() throws Exception {
    assertRefused(source(List.of(BPF)), "-O0", "metakey: compile with -O2");
  }

  @ParameterizedTest
  @MethodSource("clangs")
  @LoadedPrograms.Loaded
  void calls_whenManyAreInARow_loadInEveryLayout(String clang) throws Exception {
    Path object = work.resolve("many.o");
    Path loader = work.resolve("many");
    CBuild.program(CBuild.source("many.c"), loader);
    List<String> cpus = CBuild.cpus(clang);
    for (String cpu : List.of(cpus.get(0), cpus.get(cpus.size() - 1))) {
      CBuild.bpf(clang, CBuild.source("many.bpf.c"), object, "-mcpu=" + cpu);
      for (Layout layout : Layout.values()) {
        for (int area : List.of(24, 32, 128, 216)) {
          List<String> load =
              Stream.of(loader, object, layout.code(), area).map(Object::toString).toList();
          Ran ran = Ran.of(new ProcessBuilder(load), Host.PATIENCE).ok();
          assertThat(ran.out().lines())
              .as("%s %s, %s, area %d: program, instructions verified", clang, cpu, layout, area)
              .hasSize(10)
              .allMatch(line -> Integer.parseInt(line.split(" ", 3)[1]) < MANY_VERIFIED);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-DWITH_VMLINUX"})
  @LoadedPrograms.Loaded
  void hints_whenDeviceHasThemOrNot_areGivenOrNotFound(String flag) throws Exception {
    Path object = work.resolve("hints.o");
    String[] flags = flag.isEmpty() ? new String[0] : new String[] {flag, "-I" + vmlinux};
    CBuild.bpf(CBuild.clangs().get(0), CBuild.source("hints.bpf.c"), object, flags);
    Path loader = work.resolve("hints");
    CBuild.program(CBuild.source("hints.c"), loader);
    String devices =
        """
        set -e
        ip link add mkhints0 type veth peer name mkhints1
        ip link set mkhints0 up
        ip link set mkhints1 up
        %s %s mkhints0 mkhints1
        """
            .formatted(loader, object);
    Ran ran =
        Ran.of(new ProcessBuilder("unshare", "--net", "sh", "-c", devices), Host.PATIENCE).ok();
    // A program that was never linked cannot set; a frame without a VLAN has no tag.
    assertThat(ran.out().lines()).containsExactly("0 0 -2 -67 0");
  }

  private void assertRefused(String code, String because) throws Exception {
    Path source = work.resolve("refused.c");
    Files.writeString(source, "#include <%s>\n%s\n".formatted(BPF, code));
    assertRefused(source, "-O2", because);
  }

  private static void assertRefused(Path source, String level, String because) throws Exception {
    List<String> command = new ArrayList<>(List.of(CBuild.clangs().get(0), "-target", "bpf"));
    command.addAll(CBuild.includes());
    command.addAll(List.of(level, "-fsyntax-only", source.toString()));
    Ran ran = Ran.of(new ProcessBuilder(command), Host.PATIENCE);
    assertThat(ran.exit()).as("exit code for %s", source).isNotZero();
    assertThat(ran.err()).contains(because);
  }

  private Path source(List<String> includes) throws Exception {
    Path file = Files.createTempFile(work, "source", ".c");
    String lines =
        includes.stream().map("#include <%s>\n"::formatted).collect(Collectors.joining());
    return Files.writeString(file, lines + "int nothing_else;\n");
  }

  private void bpf(String clang, Path source, String... flags) throws Exception {
    List<String> all = new ArrayList<>(List.of("-I" + vmlinux));
    all.addAll(List.of(flags));
    assertSilent(CBuild.bpf(clang, source, work.resolve("object.o"), all.toArray(String[]::new)));
  }

  private static void assertSilent(Ran compiler) {
    assertThat(compiler.err()).as("what %s said", compiler.command()).isEmpty();
  }

  private static Set<String> macros(boolean inKernel, Path source) throws Exception {
    List<String> command = new ArrayList<>(List.of(CBuild.clangs().get(0), "-dM", "-E"));
    if (inKernel) {
      command.addAll(List.of("-O2", "-target", "bpf"));
    }
    command.addAll(CBuild.includes());
    command.add(source.toString());
    return CBuild.run(command)
        .out()
        .lines()
        .map(line -> line.split("[ (]", 3)[1])
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** What a header and those of ours that it includes take from elsewhere. */
  private static List<String> systemHeaders(String header) throws Exception {
    List<String> found = new ArrayList<>();
    for (String line : Files.readAllLines(CBuild.headers().resolve(header))) {
      if (line.startsWith("#include <")) {
        found.add(line.substring("#include <".length(), line.length() - 1));
      } else if (line.startsWith("#include \"")) {
        found.addAll(systemHeaders("metakey/" + line.split("\"", 3)[1]));
      }
    }
    return found;
  }
}
