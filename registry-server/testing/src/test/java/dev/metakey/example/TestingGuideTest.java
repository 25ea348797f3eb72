package dev.metakey.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Checks that the guide shows what compiles and runs here. Tests run in the module's folder. */
final class TestingGuideTest {
  @Test
  void guide_always_showsTheExampleAsItCompiles() throws IOException {
    String source =
        Files.readString(Path.of("src/test/java/dev/metakey/example/EdgeFieldsTest.java"));
    String shown = source.substring(source.indexOf("import "));
    assertThat(Files.readString(Path.of("../../docs/client-guide.md"))).contains(shown);
  }
}
