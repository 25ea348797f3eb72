package dev.metakey.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Any bytes as a config: what is wrong is said, and what can be used is. A normal run takes the
 * bytes in src/test/resources; docs/reliability.md says how to fuzz for longer.
 */
class ConfigFuzzTest {
  private static Path directory;

  @BeforeAll
  static void makeDirectory() throws IOException {
    directory = Files.createTempDirectory("metakey-fuzz");
  }

  @AfterAll
  static void removeDirectory() throws IOException {
    Files.deleteIfExists(file());
    Files.delete(directory);
  }

  private static Path file() {
    return directory.resolve("fuzzed.yaml");
  }

  @FuzzTest(maxDuration = "10m")
  void config_whenFuzzed_isReadAndEachFaultIsSaid(byte[] bytes) throws IOException {
    Files.write(file(), bytes);

    Read<Config> read = ConfigFile.read(file());

    assertThat(read.value()).isNotNull();
    requireWords(read.faults());
  }

  @FuzzTest(maxDuration = "10m")
  void reservations_whenFuzzed_areReadAndEachFaultIsSaid(byte[] bytes) throws IOException {
    Files.write(file(), bytes);

    requireWords(KeysDirectory.read(directory).faults());
  }

  private static void requireWords(List<String> faults) {
    for (String fault : faults) {
      assertThat(fault).startsWith(file().toString()).doesNotContain("Exception", "\u001b", "\n");
    }
  }
}
