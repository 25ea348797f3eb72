package dev.metakey.system;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The program for Go in docs/other-languages.md, as it stands there, with stubs that Go's own tools
 * make of our proto files. Built against the libraries that Debian packages, without a network.
 */
final class GoIT {
  @RegisterExtension final Host host = new Host();

  @Test
  void program_asDocumented_registersWatchesAndReadsReasons() throws Exception {
    Requires.goGrpc();
    Path sources = Files.createDirectories(host.root().resolve("src/fields")).getParent();
    Files.writeString(
        sources.resolve("fields/fields.go"), FieldsProgram.documented("// fields.go"));
    host.set("GO111MODULE", "off");
    host.set("GOPATH", host.root() + ":" + Requires.GO_LIBRARIES);
    run(
        "protoc",
        "-I",
        host.image().root().resolve("share/metakey/proto").toString(),
        "--go_out=" + sources,
        "--go-grpc_out=" + sources,
        "metakey/v1/types.proto",
        "metakey/v1/registry.proto");
    Path program = host.root().resolve("program");
    run("go", "build", "-o", program.toString(), "fields");

    FieldsProgram.tryOut(host, List.of(program.toString()));
  }

  private void run(String... command) throws Exception {
    Ran.of(host.process(List.of(command)), Host.PATIENCE.multipliedBy(5)).ok();
  }
}
