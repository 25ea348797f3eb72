package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two sources that give different fields the same variable, and share a field, become one object,
 * whose skeletons bind.
 */
@LoadedPrograms.Loaded
class JoinedObjectsIT {
  private static final List<String> SOURCES = List.of("join_a", "join_b");

  @TempDir Path folder;

  @BeforeEach
  void publish() throws Exception {
    Requires.bpf();
    BindingIT.publish(
        folder,
        BindingIT.REGISTRY,
        BindingIT.field("join.first", 8, 1, 32),
        BindingIT.field("join.second", 8, 1, 40),
        BindingIT.field("join.zone", 2, 1, 18));
  }

  private Path at(String name) {
    return folder.resolve(name);
  }

  private String run(Object... command) throws Exception {
    List<String> words = new ArrayList<>();
    for (Object word : command) {
      words.add(word.toString());
    }
    return Ran.of(new ProcessBuilder(words), Host.PATIENCE).ok().out();
  }

  /** Compiles them apart, and joins them with libbpf's linker. */
  private Path joined() throws Exception {
    for (String source : SOURCES) {
      CBuild.bpf("clang", CBuild.source(source + ".bpf.c"), at(source + ".o"));
    }
    run("bpftool", "gen", "object", at("join.o"), at("join_a.o"), at("join_b.o"));
    return at("join.o");
  }

  private List<String> bind(Path object) throws Exception {
    CBuild.program(CBuild.source("binding.c"), at("binding"));
    return run(at("binding"), object, folder).lines().toList();
  }

  @Test
  void genObject_joinsThem_andEveryRecordBinds() throws Exception {
    assertThat(bind(joined()))
        .contains("bind 0 ", "linked 4 of 4", "check 0 ")
        .anyMatch(line -> line.startsWith("again -16")); // it was loaded
  }

  @Test
  void llvmLink_joinsThem_andTheirCommonFieldIsOneRecord() throws Exception {
    Requires.program("llvm-link");
    for (String source : SOURCES) {
      CBuild.bpf("clang", CBuild.source(source + ".bpf.c"), at(source + ".bc"), "-emit-llvm");
    }
    run("llvm-link", at("join_a.bc"), at("join_b.bc"), "-o", at("join.bc"));
    run("clang", "-O2", "-g", "-target", "bpf", "-c", at("join.bc"), "-o", at("join.o"));

    assertThat(bind(at("join.o")))
        .contains("bind 0 ", "linked 3 of 3", "check 0 ")
        .anyMatch(line -> line.startsWith("again -16"));
  }

  @Test
  void skeleton_hasEachFieldByItsName_andBinds() throws Exception {
    skeleton(List.of("bpftool", "gen", "skeleton"), List.of());
  }

  @Test
  void lightSkeleton_hasEachFieldByItsName_andItsRecordsBind() throws Exception {
    skeleton(List.of("bpftool", "gen", "skeleton", "-L"), List.of("-DLIGHT"));
  }

  private void skeleton(List<String> generator, List<String> flags) throws Exception {
    List<String> words = new ArrayList<>(List.of("sh", "-c", "\"$@\" >'%s'", "sh"));
    words.set(2, words.get(2).formatted(at("join.h")));
    words.addAll(generator);
    words.addAll(List.of(joined().toString(), "name", "join"));
    run(words.toArray());
    List<String> compile = new ArrayList<>(List.of("cc", "-O1", "-I" + CBuild.headers()));
    compile.addAll(CBuild.WARNINGS);
    compile.addAll(flags);
    compile.addAll(List.of("-DSKELETON=\"" + at("join.h") + "\"", "-Wno-unused-parameter"));
    compile.addAll(List.of("-Wno-sign-compare", CBuild.source("join.c").toString()));
    compile.addAll(List.of("-o", at("join").toString(), "-lbpf"));
    CBuild.run(compile);

    assertThat(run(at("join"), folder)).isEqualTo("first 32 second 40 zone 18\n");
  }
}
