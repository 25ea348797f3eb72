package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The programs in docs/bpf-guide.md compile as they stand: each block starts with its file's name.
 */
class BpfGuideIT {
  private static final Path GUIDE =
      Path.of(System.getProperty("metakey.sources", "..")).resolve("docs/bpf-guide.md");
  private static final Pattern BLOCK =
      Pattern.compile(
          "^( *)```c\\n *(/\\* (\\S+\\.c) \\*/\\n.*?)^\\1```$", Pattern.DOTALL | Pattern.MULTILINE);

  @TempDir Path folder;

  @BeforeAll
  static void require() throws Exception {
    Requires.bpf();
  }

  /** By file name. */
  static Map<String, String> programs() throws IOException {
    Map<String, String> programs = new TreeMap<>();
    for (Matcher block = BLOCK.matcher(Files.readString(GUIDE)); block.find(); ) {
      programs.put(block.group(3), block.group(2));
    }
    return programs;
  }

  static Iterable<String> files() throws IOException {
    return programs().keySet();
  }

  @Test
  void guide_hasEveryBlockTested() throws Exception {
    long blocks = Files.readAllLines(GUIDE).stream().filter(l -> l.strip().equals("```c")).count();
    assertThat(programs()).hasSize((int) blocks).isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("files")
  void program_whenCompiled_isTakenWithoutAWord(String file) throws Exception {
    Path source = Files.writeString(folder.resolve(file), programs().get(file));
    if (file.endsWith(".bpf.c")) {
      CBuild.bpf("clang", source, folder.resolve("out.o"), "-mcpu=v3", "-Wno-unused-parameter");
    } else {
      CBuild.program(source, folder.resolve("out"));
    }
  }
}
