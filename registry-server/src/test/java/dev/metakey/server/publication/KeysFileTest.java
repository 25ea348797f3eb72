package dev.metakey.server.publication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.layout.KeysText;
import dev.metakey.model.Layout;
import dev.metakey.model.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeysFileTest {
  private static final UUID BOOT = new UUID(7, 8);

  @TempDir private Path directory;

  @Test
  void publish_whenFileIsThere_replacesIt() throws IOException {
    KeysFile keys = new KeysFile(directory.resolve("keys"), BOOT);
    assertThat(keys.name()).isEqualTo("keys");
    Files.writeString(keys.path(), "somebody's");
    Snapshot snapshot = Snapshot.empty(FakeRegistry.ID, Layout.SLOTTED, 128);

    keys.publish(snapshot);

    assertThat(keys.path()).hasContent(KeysText.text(snapshot, BOOT));
  }
}
