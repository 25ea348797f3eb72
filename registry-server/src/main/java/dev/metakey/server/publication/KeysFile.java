package dev.metakey.server.publication;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.files.AtomicFile;
import dev.metakey.layout.KeysText;
import dev.metakey.model.Snapshot;
import dev.metakey.server.files.TrustedDirectory;
import dev.metakey.server.files.TrustedDirectory.Use;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.UUID;

/** The text file {@code keys}: {@link KeysText}. */
public final class KeysFile implements Outlet {
  private final Path path;
  private final UUID bootId;

  /**
   * @param bootId of the host, now
   */
  public KeysFile(Path path, UUID bootId) {
    this.path = path;
    this.bootId = bootId;
  }

  @Override
  public String name() {
    return "keys";
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public void publish(Snapshot snapshot) throws IOException {
    TrustedDirectory.makeFor(Use.RUN, path, "rwxr-xr-x");
    AtomicFile.write(path, UTF_8.encode(KeysText.text(snapshot, bootId)));
  }

  @Override
  public boolean isIntact() {
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
  }
}
