package dev.metakey.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MachineIdTest {
  @TempDir private Path directory;

  private String read(String text) throws IOException {
    return MachineId.read(Files.writeString(directory.resolve("machine-id"), text));
  }

  @Test
  void read_whenThereIsAnId_tellsMachinesApartAndDoesNotShowIt() throws IOException {
    String id = "0123456789abcdef0123456789abcdef";

    assertThat(read(id + "\n"))
        .isNotEmpty()
        .isEqualTo(read(id))
        .isNotEqualTo(read("f" + id.substring(1)))
        .doesNotContain(id);
  }

  @Test
  void read_whenThereIsNone_isUnknown() throws IOException {
    assertThat(MachineId.read(directory.resolve("nothing"))).isEmpty();
    assertThat(MachineId.read(directory)).isEmpty();
    assertThat(read("")).isEmpty();
    assertThat(read("uninitialized\n")).isEmpty();
  }
}
