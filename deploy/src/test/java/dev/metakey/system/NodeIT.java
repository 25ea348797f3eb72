package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The program for Node in docs/other-languages.md, as it stands there. */
final class NodeIT {
  private static final Path PAGE =
      Path.of(System.getProperty("metakey.sources", "..")).resolve("docs/other-languages.md");

  @RegisterExtension final Host host = new Host();

  @Test
  void program_asDocumented_registersWatchesAndReadsReasons() throws Exception {
    Path modules =
        Path.of(System.getenv().getOrDefault("METAKEY_TEST_NODE", "none"), "node_modules");
    Requires.nodeGrpc(modules);
    host.start();
    host.set("NODE_PATH", modules.toString());
    host.set("PROTO", host.image().root().resolve("share/metakey/proto").toString());
    Path program = Files.writeString(host.root().resolve("fields.js"), block("// fields.js"));

    Path said = host.root().resolve("said");
    Process watching =
        host.process(List.of("node", program.toString(), "edge.node"))
            .redirectOutput(said.toFile())
            .start();
    host.closeLater(watching::destroyForcibly);
    Host.await("the whole state", () -> Files.readString(said).equals("edge.node 0\nstate 1\n"));
    host.cli("register", "edge.other", "--size", "4").ok();
    Host.await("the change", () -> Files.readString(said).endsWith("changes 2\n"));

    List<String> refused = List.of("node", program.toString(), "No Name");
    assertThat(Ran.of(host.process(refused), Host.PATIENCE).exits(1).err())
        .contains("INVALID_NAME");
  }

  /** The block of the page that begins with these words. */
  private static String block(String begins) throws Exception {
    List<String> lines = new ArrayList<>(Files.readAllLines(PAGE));
    int first = 0;
    while (!lines.get(first).startsWith(begins)) {
      first++;
    }
    List<String> rest = lines.subList(first, lines.size());
    return String.join("\n", rest.subList(0, rest.indexOf("```"))) + "\n";
  }
}
