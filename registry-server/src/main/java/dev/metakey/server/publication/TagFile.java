package dev.metakey.server.publication;

import dev.metakey.files.AtomicFile;
import dev.metakey.layout.TagStruct;
import dev.metakey.model.Snapshot;
import dev.metakey.server.files.TagReaders;
import dev.metakey.server.files.TrustedDirectory;
import dev.metakey.server.files.TrustedDirectory.Use;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.Supplier;

/**
 * The file {@code tag}: {@link TagStruct}, for those who may link programs and for nobody else.
 * Replaced only when what it says of the tag changes.
 */
public final class TagFile implements Outlet {
  private final Path path;
  private final Supplier<LinkSecret> secret;

  /**
   * @param secret gives what is to be published
   */
  public TagFile(Path path, Supplier<LinkSecret> secret) {
    this.path = path;
    this.secret = secret;
  }

  @Override
  public String name() {
    return "tag";
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public LinkSecret secret() {
    return secret.get();
  }

  @Override
  public void publish(Snapshot snapshot) throws IOException {
    LinkSecret secret = secret();
    TagStruct.Published next = new TagStruct.Published(snapshot.info(), secret.tag());
    TrustedDirectory.makeFor(Use.RUN, path, "rwxr-xr-x");
    if (!isThere(next)) {
      write(TagStruct.create(next.info(), next.tag()));
    }
    TagReaders.admit(path, secret.gid());
  }

  private void write(ByteBuffer struct) throws IOException {
    AtomicFile.write(
        path,
        PosixFilePermissions.fromString("rw-------"),
        file -> {
          while (struct.hasRemaining()) {
            file.write(struct);
          }
        });
  }

  /** Whether the file is there, is this user's, and says what is to be said. */
  private boolean isThere(TagStruct.Published wanted) throws IOException {
    if (!isIntact()
        || (int) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS)
            != TrustedDirectory.self()) {
      return false;
    }
    try {
      return TagStruct.read(path).says(wanted);
    } catch (IOException e) { // no tag, or not ours
      return false;
    }
  }

  @Override
  public boolean isIntact() {
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
  }
}
