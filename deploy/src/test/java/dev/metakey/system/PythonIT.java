package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Stubs that Python's own tools make of our proto files register and watch. */
final class PythonIT {
  @RegisterExtension final Host host = new Host();

  @Test
  void stubs_whenGenerated_registerWatchAndReadReasons() throws Exception {
    Path sources = Path.of(System.getProperty("metakey.sources", "."));
    Path python =
        Path.of(System.getenv().getOrDefault("METAKEY_TEST_PYTHON", "none"), "bin/python");
    Requires.pythonGrpc(python);
    host.start();
    run(
            python,
            "-m",
            "grpc_tools.protoc",
            "-I",
            host.image().root().resolve("share/metakey/proto").toString(),
            "--python_out=" + host.root(),
            "--grpc_python_out=" + host.root(),
            "metakey/v1/types.proto",
            "metakey/v1/registry.proto",
            "metakey/v1/admin.proto")
        .ok();

    String example = sources.resolve("deploy/examples/python/fields.py").toString();
    Path said = host.root().resolve("said");
    Process watching =
        process(python, example, "edge.python").redirectOutput(said.toFile()).start();
    host.closeLater(watching::destroyForcibly);
    Host.await("the whole state", () -> Files.readString(said).equals("edge.python 0\nstate 1\n"));
    host.cli("register", "edge.other", "--size", "4").ok();
    Host.await("the change", () -> Files.readString(said).endsWith("changes 2\n"));

    assertThat(run(python, example, "No Name").err()).contains("INVALID_NAME");
  }

  private Ran run(Path python, String... words) throws Exception {
    return Ran.of(process(python, words), Host.PATIENCE);
  }

  private ProcessBuilder process(Path python, String... words) {
    List<String> command = new ArrayList<>(List.of(python.toString()));
    command.addAll(List.of(words));
    ProcessBuilder builder = host.process(command);
    builder.environment().put("PYTHONPATH", host.root().toString());
    return builder;
  }
}
