package dev.metakey.server.publication;

import dev.metakey.files.AtomicFile;
import dev.metakey.layout.RegistryFile;
import dev.metakey.model.Snapshot;
import dev.metakey.server.files.TrustedDirectory;
import dev.metakey.server.files.TrustedDirectory.Use;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The table {@code registry.bin}, which readers map into memory. A file that an earlier daemon left
 * goes on being used, so that those who mapped it go on seeing every state. Anything else is
 * replaced, above all a file that is not this user's, or that others can write to.
 */
public final class TableFile implements Outlet {
  private static final int WRITABLE_FOR_OTHERS = 0022;

  private final Path path;
  private final LongSupplier clockMs;
  private final UUID bootId;
  private @Nullable MappedByteBuffer mapping;
  private @Nullable Object mappedFile;

  /**
   * @param clockMs milliseconds since 1970
   * @param bootId the host's current boot
   */
  public TableFile(Path path, LongSupplier clockMs, UUID bootId) {
    this.path = path;
    this.bootId = bootId;
    this.clockMs = clockMs;
  }

  @Override
  public String name() {
    return path.getFileName().toString();
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public void publish(Snapshot snapshot) throws IOException {
    TrustedDirectory.makeFor(Use.RUN, path, "rwxr-xr-x");
    MappedByteBuffer table = mapping;
    if (table == null || !isIntact()) {
      table = map(snapshot);
    }
    RegistryFile.update(table, snapshot, clockMs.getAsLong(), bootId);
  }

  /**
   * Whether the file at the path is the mapped one, and whole: somebody may have removed, replaced
   * or overwritten it, and writing beyond the end of a file that was cut raises SIGBUS.
   */
  @Override
  public boolean isIntact() {
    try {
      return RegistryFile.isTable(path) && isMapped(keyIfOurs());
    } catch (IOException e) { // gone between the two
      return false;
    }
  }

  private boolean isMapped(@Nullable Object file) {
    return file != null && file.equals(mappedFile);
  }

  /**
   * A reader that has mapped the table sees a seq that stays odd: the table is never whole again.
   */
  @Override
  public void withdraw(UUID registryId) throws IOException {
    if (RegistryFile.isTable(path) && keyIfOurs() != null) {
      RegistryFile.invalidate(open());
    }
    mapping = null;
    Files.deleteIfExists(path);
  }

  private MappedByteBuffer open() throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            path, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
      return channel.map(MapMode.READ_WRITE, 0, RegistryFile.BYTES);
    }
  }

  private MappedByteBuffer map(Snapshot snapshot) throws IOException {
    if (!RegistryFile.isTable(path) || keyIfOurs() == null) {
      AtomicFile.write(path, RegistryFile.create(snapshot, clockMs.getAsLong(), bootId));
    }
    MappedByteBuffer table = open();
    mapping = table;
    mappedFile = keyIfOurs();
    return table;
  }

  /** Identifies the file that is there; null if somebody else could have written it. */
  private @Nullable Object keyIfOurs() throws IOException {
    Map<String, Object> seen = // at once, as each look is a system call
        Files.readAttributes(path, "unix:uid,mode,nlink,fileKey", LinkOption.NOFOLLOW_LINKS);
    boolean isOurs =
        number(seen, "uid") == TrustedDirectory.self()
            && (number(seen, "mode") & WRITABLE_FOR_OTHERS) == 0
            && number(seen, "nlink") == 1;
    return isOurs ? seen.get("fileKey") : null;
  }

  private static int number(Map<String, Object> seen, String name) {
    return (int) Objects.requireNonNull(seen.get(name));
  }
}
