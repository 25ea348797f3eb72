package dev.metakey.server.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LockFileTest {
  private static final String OUR_PID = "pid " + ProcessHandle.current().pid();

  @TempDir private Path directory;
  private Path path;

  /**
   * Another process. It takes the lock if it can, prints whether it could, and waits to be ended.
   */
  static final class OtherProcess {
    private OtherProcess() {}

    public static void main(String[] args) throws IOException {
      String said = "held";
      try {
        LockFile.hold(Path.of(args[0]));
      } catch (LockFile.HeldException e) {
        said = "refused: " + e.holder();
      }
      System.out.println(said);
      System.in.read();
      Runtime.getRuntime().halt(0); // without releasing the lock
    }
  }

  @BeforeEach
  void path() {
    path = directory.resolve("a.lock");
  }

  private Process otherProcess() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            OtherProcess.class.getName(),
            path.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static String saidBy(Process process) throws IOException {
    return process.inputReader(UTF_8).readLine();
  }

  private static void end(Process process) throws Exception {
    process.destroyForcibly();
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void hold_whenNobodyHoldsIt_writesPidForItsOwnerOnly() throws IOException {
    try (LockFile lock = LockFile.hold(path)) {
      assertThat(lock).isNotNull();
      assertThat(path).hasContent("%d\n%s\n".formatted(ProcessHandle.current().pid(), path));
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rw-------");
    }
    assertThat(path).exists();
  }

  @Test
  void hold_whenThisProcessHoldsIt_isRefusedAndDoesNotLetGoOfIt() throws Exception {
    try (LockFile lock = LockFile.hold(path)) {
      assertThat(lock).isNotNull();
      Path otherSpelling = directory.resolve("x/../a.lock");
      Files.createDirectory(directory.resolve("x"));
      assertThatThrownBy(() -> LockFile.hold(path))
          .isInstanceOf(LockFile.HeldException.class)
          .hasMessage("%s is held by another metakeyd (%s)", path, OUR_PID);
      assertThatThrownBy(() -> LockFile.hold(otherSpelling))
          .isInstanceOf(LockFile.HeldException.class);

      Process other = otherProcess();
      assertThat(saidBy(other)).isEqualTo("refused: " + OUR_PID);
      end(other);
    }
  }

  @Test
  void hold_whenAnotherProcessHoldsIt_namesItsPidAndSucceedsWhenThatIsKilled() throws Exception {
    Process other = otherProcess();
    assertThat(saidBy(other)).isEqualTo("held");
    assertThatThrownBy(() -> LockFile.hold(path))
        .isInstanceOfSatisfying(
            LockFile.HeldException.class,
            e -> assertThat(e.holder()).isEqualTo("pid " + other.pid()));
    assertThat(path).hasContent("%d\n%s\n".formatted(other.pid(), path));

    end(other);
    try (LockFile lock = LockFile.hold(path)) {
      assertThat(lock).isNotNull();
      assertThat(path).hasContent("%d\n%s\n".formatted(ProcessHandle.current().pid(), path));
    }
  }

  @Test
  void close_whenCalledTwice_doesNotLetGoOfAnothersLock() throws IOException {
    LockFile first = LockFile.hold(path);
    first.close();
    try (LockFile second = LockFile.hold(path)) {
      assertThat(second).isNotNull();
      first.close();
      assertThatThrownBy(() -> LockFile.hold(path)).isInstanceOf(LockFile.HeldException.class);
    }
  }

  @Test
  void hold_whenItCannotBeOpened_canBeTriedAgain() throws IOException {
    Files.createDirectory(path);
    assertThatThrownBy(() -> LockFile.hold(path)).isInstanceOf(FileSystemException.class);

    Files.delete(path);
    LockFile.hold(path).close();
  }

  @Test
  void hold_whenPathIsASymbolicLink_leavesItsTargetAlone() throws IOException {
    Path precious = Files.writeString(directory.resolve("precious"), "content");
    Files.createSymbolicLink(path, precious);

    assertThatThrownBy(() -> LockFile.hold(path)).isInstanceOf(IOException.class);
    assertThat(precious).hasContent("content");
  }

  @Test
  void hold_whenItIsAFifo_saysThatItHasToBeAFile() throws Exception {
    Process mkfifo = new ProcessBuilder("mkfifo", path.toString()).inheritIO().start();
    assertThat(mkfifo.waitFor()).isZero();
    assertThatThrownBy(() -> LockFile.hold(path))
        .hasMessage(path + ": the lock has to be a regular file, and this is not one; remove it");
  }

  @Test
  void hold_whenTheHoldersTextIsNoPid_isNotPrinted() throws Exception {
    Process other = otherProcess();
    assertThat(saidBy(other)).isEqualTo("held");
    Files.writeString(path, "\033[2J4711\n");
    assertThatThrownBy(() -> LockFile.hold(path))
        .hasMessage(path + " is held by another metakeyd (pid unknown)");
    end(other);
  }

  @Test
  void hold_whenDirectoryIsMissing_saysSo() {
    Path missing = directory.resolve("missing/a.lock");
    assertThatThrownBy(() -> LockFile.hold(missing)).isInstanceOf(NoSuchFileException.class);
  }
}
