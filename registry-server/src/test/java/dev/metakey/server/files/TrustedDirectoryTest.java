package dev.metakey.server.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.metakey.server.files.TrustedDirectory.Use;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrustedDirectoryTest {
  private static final int NOBODY = 65534;

  @TempDir private Path directory;

  private Path make(String name, int mode) throws IOException {
    Path made = Files.createDirectories(directory.resolve(name));
    Files.setAttribute(made, "unix:mode", mode);
    return made;
  }

  private static void give(Path path, int uid) throws IOException {
    assumeTrue(TrustedDirectory.self() == 0, "missing: root; this test gives a file away");
    Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
  }

  private static void refuses(Use use, Path path, String... says) {
    assertThatThrownBy(() -> TrustedDirectory.check(use, path))
        .isExactlyInstanceOf(IOException.class)
        .hasMessageContainingAll(says);
  }

  @Test
  void make_whenItIsMissing_setsTheModeAndReadableParents() throws IOException {
    Path made = directory.resolve("a/b/c");
    TrustedDirectory.make(Use.DATA, made, "rwx------");
    TrustedDirectory.make(Use.DATA, made, "rwxr-xr-x"); // what is there keeps its mode

    assertThat(modeOf(made)).isEqualTo("rwx------");
    assertThat(modeOf(directory.resolve("a/b"))).isEqualTo("rwxr-xr-x");
  }

  private static String modeOf(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void make_whenAFileIsInTheWay_saysSo() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "");
    assertThatThrownBy(() -> TrustedDirectory.make(Use.RUN, file, "rwxr-xr-x"))
        .hasMessageContainingAll(file + " is not a directory", "remove or rename it", "--run");
    assertThatThrownBy(() -> TrustedDirectory.make(Use.RUN, file.resolve("x"), "rwxr-xr-x"))
        .hasMessageContainingAll(file.toString(), "ot a directory");
  }

  @Test
  void check_whenOthersMayWrite_isRefusedWithAdvice() throws IOException {
    for (int mode : new int[] {0777, 0775, 0757, 0722}) {
      Path open = make("open", mode);
      refuses(Use.DATA, open, "the data directory " + open, "mode " + modeOf(open), "chmod go-w");
      refuses(Use.DATA, make("open/inner", 0700), open + " has mode", "--data");
      refuses(Use.DATA, open.resolve("not/there/yet"), open + " has mode");
      make("open", 0755);
      TrustedDirectory.check(Use.DATA, open.resolve("inner"));
    }
  }

  @Test
  void check_whenItBelongsToAnother_isRefusedWithAdvice() throws IOException {
    Path theirs = make("theirs", 0755);
    give(theirs, NOBODY);
    refuses(Use.RUN, theirs, "belongs to uid 65534", "chown -h 0 " + theirs, "--run");
    refuses(Use.RUN, theirs.resolve("inner"), theirs + " belongs to uid 65534");
  }

  @Test
  void check_whenStickyAndRoots_isAllowedOnTheWayOnly() throws IOException {
    Path sticky = make("sticky", 01777);
    give(sticky, 0);
    TrustedDirectory.check(Use.RUN, make("sticky/inner", 0755));
    TrustedDirectory.check(Use.SOCKET, sticky);
    refuses(Use.RUN, sticky, "has mode rwxrwxrwx");
    give(sticky, NOBODY);
    refuses(Use.RUN, sticky.resolve("inner"), "belongs to uid 65534");
  }

  @Test
  void check_followsLinksAndChecksThemToo() throws IOException {
    Path open = make("open", 0777);
    Path inner = make("open/inner", 0755);
    Path good = make("good", 0755);
    Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("open/inner/../inner"));
    refuses(Use.DATA, link, open + " has mode");
    Path safe = Files.createSymbolicLink(directory.resolve("safe"), good);
    TrustedDirectory.check(Use.DATA, safe.resolve("below"));
    Path loop = Files.createSymbolicLink(directory.resolve("loop"), Path.of("loop"));
    refuses(Use.DATA, loop, "loop of symbolic links");
    assertThat(inner).exists();

    give(safe, NOBODY); // they could point it elsewhere
    refuses(Use.DATA, safe, safe + " belongs to uid 65534");
  }

  @Test
  void checkFile_whenOthersMayWriteIt_isRefused() throws IOException {
    Path file = Files.writeString(make("etc", 0755).resolve("metakeyd.yaml"), "");
    TrustedDirectory.checkFile(Use.CONFIG, file);
    TrustedDirectory.checkFile(Use.CONFIG, Path.of("/dev/null"));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    assertThatThrownBy(() -> TrustedDirectory.checkFile(Use.CONFIG, file))
        .hasMessageContainingAll("the config " + file, "rw-rw-rw-", "chmod go-w");
    make("etc", 0777);
    assertThatThrownBy(() -> TrustedDirectory.checkFile(Use.CONFIG, file))
        .hasMessageContaining(file.getParent() + " has mode rwxrwxrwx");
  }
}
