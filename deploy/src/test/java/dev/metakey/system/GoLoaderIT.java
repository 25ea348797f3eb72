package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The loader in Go of docs/bpf-guide.md, as it stands there, with the cilium/ebpf that Debian
 * packages (0.9.1): it freezes the records before it loads programs, which the library does not.
 */
@LoadedPrograms.Loaded
class GoLoaderIT {
  private static final Path GUIDE =
      Path.of(System.getProperty("metakey.sources", "..")).resolve("docs/bpf-guide.md");
  private static final Pattern PROGRAM =
      Pattern.compile("^```go\\n(// load\\.go\\n.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);

  @TempDir Path folder;

  @BeforeEach
  void requires() throws Exception {
    Requires.bpf();
    Requires.ciliumEbpf();
  }

  private Ran load(String program) throws Exception {
    Path source = Files.writeString(folder.resolve("load.go"), program);
    Path object = folder.resolve("join.o");
    CBuild.bpf("clang", CBuild.source("join_a.bpf.c"), object, "-DMETAKEY_NO_WEAK");
    run("go", "build", "-o", folder.resolve("load").toString(), source.toString()).ok();
    return run(folder.resolve("load").toString(), object.toString());
  }

  private Ran run(String... command) throws Exception {
    ProcessBuilder process = new ProcessBuilder(command);
    process.environment().put("GO111MODULE", "off");
    process.environment().put("GOPATH", Requires.GO_LIBRARIES.toString());
    process.environment().put("GOCACHE", folder.resolve("cache").toString());
    return Ran.of(process, Host.PATIENCE.multipliedBy(5));
  }

  private static String documented() throws Exception {
    Matcher program = PROGRAM.matcher(Files.readString(GUIDE));
    assertThat(program.find()).isTrue();
    return program.group(1);
  }

  @Test
  void load_asDocumented_loadsTheProgram() throws Exception {
    assertThat(load(documented()).ok().out()).isEqualTo("loaded join_a\n");
  }

  @Test
  void load_whenTheRecordsAreNotFrozenFirst_isRefusedByTheVerifier() throws Exception {
    String plain =
        documented()
            .replaceFirst("(?s)\tMapReplacements: .*?\n", "")
            .replace("defer records.Close()", "records.Close()")
            .replace("spec.Maps[section].Contents = nil", "//")
            .replace("spec.Maps[section].Freeze = false", "//");

    assertThat(load(plain).err()).contains("join_a", "invalid access to packet");
  }
}
