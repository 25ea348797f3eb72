package dev.metakey.server.kernel;

import dev.metakey.layout.BadLayoutException;
import dev.metakey.layout.TagStruct;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.files.TagReaders;
import dev.metakey.server.publication.LinkSecret;
import dev.metakey.server.publication.Outlet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The tag as a pinned map of its own beside {@link PinnedMaps}: {@link TagStruct}, for those who
 * may link programs and for nobody else. The map is never changed: another tag gets another map, so
 * that nobody reads half of one.
 */
public final class PinnedTag implements Outlet {
  static final BpfMap.Shape SHAPE =
      new BpfMap.Shape(
          "mk_tag", BpfMap.ARRAY, Integer.BYTES, TagStruct.BYTES, 1, BpfMap.F_RDONLY_PROG);

  private final Path directory;
  private final Path path;
  private final Supplier<LinkSecret> secret;

  /**
   * @param directory that of the other maps
   * @param secret gives what is to be published
   */
  public PinnedTag(Path directory, Supplier<LinkSecret> secret) {
    this.directory = directory;
    this.path = directory.resolve("tag");
    this.secret = secret;
  }

  @Override
  public String name() {
    return "tag map";
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
    Libc.load();
    PinnedMaps.makeDirectory(directory);
    TagStruct.Published there = read(path);
    if (there == null || !there.says(next)) {
      replace(next, secret.gid());
    }
    TagReaders.admit(path, secret.gid());
  }

  private void replace(TagStruct.Published next, int gid) throws IOException {
    Path temporary = path.resolveSibling("tag_new"); // bpffs allows no dots
    Files.deleteIfExists(temporary);
    try (BpfMap map = BpfMap.create(SHAPE)) {
      map.update(BpfMap.key(0), TagStruct.create(next.info(), next.tag()).array());
      map.pin(temporary); // readable for its owner alone
      Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rw-------"));
      TagReaders.admit(temporary, gid);
      Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /**
   * The tag that is pinned at a path.
   *
   * @return null if there is none that this process may read
   */
  static TagStruct.@Nullable Published read(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return null;
    }
    try (BpfMap map = BpfMap.openPinned(path)) {
      byte[] value = map == null || !map.shape().equals(SHAPE) ? null : map.lookup(BpfMap.key(0));
      return value == null ? null : TagStruct.parse(value);
    } catch (BadLayoutException | BpfException e) { // somebody else's
      return null;
    }
  }

  /** The tag that is pinned for a registry; none if it is not known. */
  public static Tag read(Path directory, RegistryInfo info) throws IOException {
    Libc.load();
    TagStruct.Published there = read(directory.resolve("tag"));
    return there != null && there.isOf(info) ? there.tag() : Tag.NONE;
  }

  @Override
  public void withdraw(UUID registryId) throws IOException {
    Libc.load();
    TagStruct.Published there = read(path);
    if (there != null && there.info().registryId().equals(registryId)) {
      Files.delete(path);
    }
  }

  @Override
  public boolean isIntact() {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }
}
