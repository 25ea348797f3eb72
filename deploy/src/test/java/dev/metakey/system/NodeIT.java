package dev.metakey.system;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The program for Node in docs/other-languages.md, as it stands there. */
final class NodeIT {
  @RegisterExtension final Host host = new Host();

  @Test
  void program_asDocumented_registersWatchesAndReadsReasons() throws Exception {
    Path modules =
        Path.of(System.getenv().getOrDefault("METAKEY_TEST_NODE", "none"), "node_modules");
    Requires.nodeGrpc(modules);
    host.set("NODE_PATH", modules.toString());
    host.set("PROTO", host.image().root().resolve("share/metakey/proto").toString());
    Path program =
        Files.writeString(
            host.root().resolve("fields.js"), FieldsProgram.documented("// fields.js"));

    FieldsProgram.tryOut(host, List.of("node", program.toString()));
  }
}
