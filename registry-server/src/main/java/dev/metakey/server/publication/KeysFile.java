package dev.metakey.server.publication;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.files.AtomicFile;
import dev.metakey.layout.KeysText;
import dev.metakey.model.Snapshot;
import dev.metakey.server.files.TrustedDirectory;
import dev.metakey.server.files.TrustedDirectory.Use;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The text file {@code keys}: {@link KeysText}.
 *
 * <p>It names the daemon, and as long as that daemon lives, the launcher of {@code metakey} answers
 * from it. So a file that cannot be replaced must not go on naming it. It stays open for that:
 * whatever has happened to its directory, the name can be taken off it.
 */
public final class KeysFile implements Outlet {
  private final Path path;
  private final UUID bootId;
  private final KeysText.@Nullable Daemon daemon;
  private @Nullable FileChannel published;
  private int pidAt;

  /**
   * @param bootId the host's current boot
   * @param daemon the daemon that publishes; null if it does not know how to name itself, so that
   *     nobody takes the file for its word
   */
  public KeysFile(Path path, UUID bootId, KeysText.@Nullable Daemon daemon) {
    this.path = path;
    this.bootId = bootId;
    this.daemon = daemon;
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
  public boolean speaksForDaemon() {
    return daemon != null;
  }

  @Override
  public void publish(Snapshot snapshot) throws IOException {
    FileChannel replaced = published;
    boolean isReplaced = false;
    try {
      TrustedDirectory.makeFor(Use.RUN, path, "rwxr-xr-x");
      String text = KeysText.text(snapshot, bootId, daemon);
      published = AtomicFile.writeOpen(path, ByteBuffer.wrap(text.getBytes(UTF_8)));
      pidAt = KeysText.pidAt(text);
      isReplaced = true;
    } finally {
      if (replaced != null) {
        try (replaced) {
          if (!isReplaced && daemon != null) {
            published = null;
            replaced.write(US_ASCII.encode("-"), pidAt);
          }
        }
      }
    }
  }

  @Override
  public boolean isIntact() {
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public void close() throws IOException {
    if (published != null) {
      published.close();
    }
  }
}
