package dev.metakey.system;

import java.nio.file.Path;
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
    host.set("PYTHONPATH", host.root().toString());
    List<String> stubs =
        List.of(
            python.toString(),
            "-m",
            "grpc_tools.protoc",
            "-I",
            host.image().root().resolve("share/metakey/proto").toString(),
            "--python_out=" + host.root(),
            "--grpc_python_out=" + host.root(),
            "metakey/v1/types.proto",
            "metakey/v1/registry.proto",
            "metakey/v1/admin.proto");
    Ran.of(host.process(stubs), Host.PATIENCE).ok();

    String example = sources.resolve("deploy/examples/python/fields.py").toString();
    FieldsProgram.tryOut(host, List.of(python.toString(), example));
  }
}
