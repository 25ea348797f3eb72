package dev.metakey.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MountPointsTest {
  @TempDir Path dir;

  @Test
  void contains_whenThePointIsEscaped_findsIt() throws IOException {
    Path table =
        Files.writeString(
            dir.resolve("mountinfo"),
            "36 35 98:0 /mnt1 /mnt/with\\040blank\\134ed rw - ext3 /dev/root rw\nshort\n");

    assertThat(MountPoints.contains(Path.of("/mnt/with blank\\ed"), table)).isTrue();
    assertThat(MountPoints.contains(Path.of("/mnt"), table)).isFalse();
    assertThat(MountPoints.contains(Path.of("/mnt"), dir.resolve("none"))).isFalse();
  }

  @Test
  void contains_whenAskedTheKernel_knowsTheRoot() {
    assertThat(MountPoints.contains(Path.of("/"))).isTrue();
    assertThat(MountPoints.contains(dir.resolve("none"))).isFalse();
  }
}
