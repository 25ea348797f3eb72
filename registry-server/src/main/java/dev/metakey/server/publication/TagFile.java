package dev.metakey.server.publication;

import dev.metakey.files.AtomicFile;
import dev.metakey.layout.TagStruct;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
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
  private final Supplier<Tag> tag;

  /**
   * @param tag the committed one
   */
  public TagFile(Path path, Supplier<Tag> tag) {
    this.path = path;
    this.tag = tag;
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
  public boolean tellsTag() {
    return true;
  }

  @Override
  public void publish(Snapshot snapshot) throws IOException {
    TrustedDirectory.makeFor(Use.RUN, path, "rwxr-xr-x");
    if (says(snapshot)) {
      TagReaders.admit(path);
      return;
    }
    ByteBuffer struct = TagStruct.create(snapshot.info(), tag.get());
    AtomicFile.write(
        path,
        PosixFilePermissions.fromString("rw-------"),
        file -> {
          while (struct.hasRemaining()) {
            file.write(struct);
          }
        });
    TagReaders.admit(path);
  }

  /** Whether the file is there, is this user's, and says what is to be said. */
  private boolean says(Snapshot snapshot) throws IOException {
    if (!isIntact()
        || (int) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS)
            != TrustedDirectory.self()) {
      return false;
    }
    try {
      TagStruct.Published published = TagStruct.read(path);
      return published.isOf(snapshot.info()) && published.tag().equals(tag.get());
    } catch (IOException e) { // no tag, or not ours
      return false;
    }
  }

  @Override
  public boolean isIntact() {
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
  }
}
