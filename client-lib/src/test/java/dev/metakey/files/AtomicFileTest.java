package dev.metakey.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
  @TempDir private Path directory;

  private static ByteBuffer bytes(String text) {
    return UTF_8.encode(text);
  }

  private static void write(Path path, String text) throws IOException {
    AtomicFile.write(path, bytes(text));
  }

  @Test
  void write_whenFileIsThere_replacesItAndLeavesNothingElse() throws IOException {
    Path path = directory.resolve("keys");
    write(path, "a long first version");
    write(path, "second");

    assertThat(path).hasContent("second");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-r--r--");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(path);
    }
  }

  @Test
  void write_whenAnEarlierWriteWasCutShort_isNotDisturbedByItsRemains() throws IOException {
    Files.writeString(directory.resolve(".keys.tmp"), "remains that are longer than the new text");

    write(directory.resolve("keys"), "new");

    assertThat(directory.resolve("keys")).hasContent("new");
  }

  @Test
  void write_whenALinkTakesTheTemporarysPlace_leavesAloneWhereItLeads() throws IOException {
    Path secret = Files.writeString(directory.resolve("secret"), "precious");
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
    Files.createSymbolicLink(directory.resolve(".keys.tmp"), secret);

    write(directory.resolve("keys"), "new");

    assertThat(secret).hasContent("precious");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)))
        .isEqualTo("rw-------");
    assertThat(directory.resolve("keys")).isRegularFile().hasContent("new");
  }

  @Test
  void write_whenItFails_leavesTheOldFile() throws IOException {
    Path path = directory.resolve("keys");
    write(path, "old");
    Files.createDirectories(directory.resolve(".keys.tmp/in-the-way"));

    assertThatThrownBy(() -> write(path, "new")).isInstanceOf(FileSystemException.class);
    assertThat(path).hasContent("old");
    assertThatThrownBy(() -> write(directory.resolve("missing/keys"), "new"))
        .isInstanceOf(FileSystemException.class)
        .hasMessageEndingWith("missing/keys: no such file or directory");
  }

  @Test
  void write_whileSomebodyReads_showsOldOrNewButNeverHalf() throws Exception {
    Path path = directory.resolve("keys");
    byte[] content = new byte[100_000];
    AtomicFile.write(path, ByteBuffer.wrap(content));
    AtomicBoolean done = new AtomicBoolean();
    CompletableFuture<Integer> reader =
        CompletableFuture.supplyAsync(
            () -> {
              int versions = 0;
              byte last = 0;
              while (!done.get()) {
                byte[] seen = read(path);
                byte[] whole = new byte[content.length];
                Arrays.fill(whole, seen[0]);
                assertThat(Arrays.equals(seen, whole)).isTrue();
                versions += seen[0] == last ? 0 : 1;
                last = seen[0];
              }
              return versions;
            });
    for (int version = 1; version <= 100; version++) {
      Arrays.fill(content, (byte) version);
      AtomicFile.write(path, ByteBuffer.wrap(content));
    }
    done.set(true);

    assertThat(reader.get(30, TimeUnit.SECONDS)).isPositive();
  }

  private static byte[] read(Path path) {
    try {
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The temporary file has another name each time: a message with it would never be the same. */
  @Test
  void write_whenItFails_namesTheFileAndNotTheTemporaryOne() throws IOException {
    Path path = directory.resolve("keys");
    Files.createDirectories(path.resolve("in the way"));
    Path nowhere = directory.resolve("none/keys");
    for (Path file : new Path[] {path, nowhere}) {
      assertThatThrownBy(
              () ->
                  AtomicFile.write(
                      file, PosixFilePermissions.fromString("rw-------"), channel -> {}))
          .isInstanceOf(FileSystemException.class)
          .hasMessageStartingWith(file + ": ")
          .hasMessageNotContaining(".tmp");
    }
  }
}
