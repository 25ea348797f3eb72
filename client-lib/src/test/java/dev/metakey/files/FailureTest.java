package dev.metakey.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailureTest {
  @Test
  void words_ofEveryKind_sayFileAndReasonAndNoClass() {
    assertThat(Failure.words(new NoSuchFileException("/a")))
        .isEqualTo("/a: no such file or directory");
    assertThat(Failure.words(new AccessDeniedException("/a"))).isEqualTo("/a: permission denied");
    assertThat(Failure.words(new FileSystemException("/a", null, "Device or resource busy")))
        .isEqualTo("/a: Device or resource busy");
    assertThat(Failure.words(new IOException("no space left"))).isEqualTo("no space left");
    assertThat(Failure.reason(new AccessDeniedException("/a"))).isEqualTo("permission denied");
    assertThat(Failure.reason(new FileSystemException("/a", null, "Device or resource busy")))
        .isEqualTo("Device or resource busy");
    List<IOException> others =
        List.of(
            new NotDirectoryException("/a"),
            new FileAlreadyExistsException("/a"),
            new DirectoryNotEmptyException("/a"),
            new FileSystemLoopException("/a"),
            new FileSystemException("/a"),
            new IOException());
    assertThat(others)
        .flatExtracting(Failure::words, Failure::reason)
        .doesNotContainNull()
        .asString()
        .doesNotContain("ception", "null");
  }
}
