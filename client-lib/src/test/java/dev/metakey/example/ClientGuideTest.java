package dev.metakey.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The guide shows exactly the code that is compiled here. Tests run in the module's folder. */
final class ClientGuideTest {
  @Test
  void guide_always_showsTheExampleAsItCompiles() throws IOException {
    String source =
        Files.readString(Path.of("src/test/java/dev/metakey/example/PacketTagger.java"));
    String shown = source.substring(source.indexOf("import "));
    assertThat(Files.readString(Path.of("../docs/client-guide.md"))).contains(shown);
  }
}
