package dev.metakey.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BootIdTest {
  @TempDir private Path directory;

  @Test
  void read_whenItIsMissingOrEmpty_saysWhatToDo() throws Exception {
    Path file = directory.resolve("boot_id");
    assertThatThrownBy(() -> BootId.read(file))
        .hasMessageContainingAll(file + ": no such file", "mount -t proc");
    Files.writeString(file, "\n");
    assertThatThrownBy(() -> BootId.read(file)).hasMessageContainingAll(file.toString(), "empty");
    Files.writeString(file, "abc\n");
    assertThat(BootId.read(file)).isEqualTo("abc");
  }
}
