package dev.metakey.server.publication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.layout.KeysText;
import dev.metakey.model.Layout;
import dev.metakey.model.Snapshot;
import dev.metakey.server.OpenFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeysFileTest {
  private static final UUID BOOT = new UUID(7, 8);
  private static final KeysText.Daemon SELF =
      new KeysText.Daemon(4711, 93011, 9, Path.of("/run/metakey/metakeyd.sock"));
  private static final Snapshot EMPTY = Snapshot.empty(FakeRegistry.ID, Layout.SLOTTED, 128);

  @TempDir private Path directory;

  @Test
  void publish_whenFileIsThere_replacesIt() throws IOException {
    KeysFile keys = new KeysFile(directory.resolve("keys"), BOOT, null);
    assertThat(keys.name()).isEqualTo("keys");
    Files.writeString(keys.path(), "somebody's");

    keys.publish(EMPTY);

    assertThat(keys.path()).hasContent(KeysText.text(EMPTY, BOOT));
    assertThat(keys.speaksForDaemon()).isFalse();
  }

  @Test
  void publish_whenItCannotBeReplaced_leavesItThereAsNobodysWord() throws IOException {
    KeysFile keys = new KeysFile(directory.resolve("keys"), BOOT, SELF);
    keys.publish(EMPTY);
    String said = Files.readString(keys.path());
    assertThat(said).contains(" pid=4711 ");
    Path inTheWay = Files.createDirectories(directory.resolve(".keys.tmp/x"));

    assertThatThrownBy(() -> keys.publish(EMPTY)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> keys.publish(EMPTY)).isInstanceOf(IOException.class);
    assertThat(keys.path()).hasContent(said.replace(" pid=4711 ", " pid=-711 "));

    Files.delete(inTheWay);
    keys.publish(EMPTY);
    assertThat(keys.path()).hasContent(said);
    keys.close();
  }

  @Test
  void publish_whenTheDirectoryWasRenamed_takesTheNameOffWhatItPublished() throws IOException {
    Path run = Files.createDirectory(directory.resolve("run"));
    KeysFile keys = new KeysFile(run.resolve("keys"), BOOT, SELF);
    keys.publish(EMPTY);
    Path elsewhere = Files.move(run, directory.resolve("elsewhere"));
    Files.writeString(run, "no directory");

    assertThatThrownBy(() -> keys.publish(EMPTY)).isInstanceOf(IOException.class);

    assertThat(elsewhere.resolve("keys")).content().contains(" pid=-711 ");
  }

  @Test
  void close_leavesWhatIsPublishedAndNothingOpen() throws IOException {
    KeysFile keys = new KeysFile(directory.resolve("keys"), BOOT, SELF);
    Map<String, Long> before = OpenFiles.now();
    keys.publish(EMPTY);
    keys.publish(EMPTY);

    keys.close();

    assertThat(OpenFiles.now()).isEqualTo(before);
    assertThat(keys.path()).hasContent(KeysText.text(EMPTY, BOOT, SELF));
  }
}
