package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A clone, and an installation, may be in a folder of any name. */
class AnyPathIT {
  private static final String NAME = "a blank and ä";

  @RegisterExtension final Host host = new Host();

  @Test
  void examples_whenEveryPathHasABlank_build() throws Exception {
    Requires.bpf();
    Requires.program("make");
    Path clone = Files.createDirectories(host.root().resolve(NAME));
    Path built = clone.resolve("its output");
    copy(Lab.example(""), clone.resolve("examples"));
    copy(CBuild.headers(), clone.resolve("its headers"));
    ProcessBuilder make =
        new ProcessBuilder("make", "-s", "INCLUDE=" + clone.resolve("its headers"), "OUT=" + built);

    Ran.of(make.directory(clone.resolve("examples").toFile()), Host.PATIENCE).ok();

    assertThat(built.resolve("number.bpf.o")).isRegularFile();
    assertThat(built.resolve("tracer")).isExecutable();
  }

  @Test
  void launchers_whenTheirPathHasABlank_start() throws Exception {
    host.use(host.image().copyTo(host.root().resolve(NAME).resolve("metakey")));
    host.start();

    host.cli("register", "edge.packet_id:8").ok();
    assertThat(host.cli("id", "edge.packet_id").ok().out()).isEqualTo("0\n");
  }

  private static void copy(Path from, Path to) throws Exception {
    Ran.of(new ProcessBuilder("cp", "-r", from.toString(), to.toString()), Host.PATIENCE).ok();
  }
}
