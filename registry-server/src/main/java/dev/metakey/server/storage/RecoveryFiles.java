package dev.metakey.server.storage;

import dev.metakey.files.Failure;
import dev.metakey.layout.BadLayoutException;
import dev.metakey.layout.KeysText;
import dev.metakey.layout.RegistryFile;
import dev.metakey.layout.TagStruct;
import dev.metakey.model.Field;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.RegistryState;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Reads files that a registry can be recovered from, and changes none of them. */
public final class RecoveryFiles {
  public static final String TABLE = "registry.bin";
  public static final String KEYS = "keys";
  public static final String TAG = "tag";

  private RecoveryFiles() {}

  /**
   * What an admin said to recover from.
   *
   * @param path a backup, a state copy, a registry.bin, a keys file, or a directory that has some
   *     of them
   * @return accounts of one registry, the newest first; at least one
   * @throws StoreException if there is none that can be read
   */
  public static List<Source> named(Path path) throws StoreException {
    List<Path> files = new ArrayList<>();
    if (Files.isDirectory(path)) {
      StateCopy.NAMES.forEach(name -> files.add(path.resolve(name)));
      files.add(path.resolve(KEYS));
      files.add(path.resolve(TABLE));
      files.removeIf(file -> !Files.exists(file));
    } else {
      files.add(path);
    }
    List<Source> found = new ArrayList<>();
    List<String> faults = new ArrayList<>();
    for (Path file : files) {
      try {
        found.add(read(file));
      } catch (IOException | StoreException e) {
        faults.add(String.valueOf(e.getMessage()));
      }
    }
    if (found.isEmpty()) {
      throw new StoreException(
          "nothing to recover from in %s%s; name a backup, a state copy, a registry.bin, a keys file, a directory that has one, or the directory of pinned maps"
              .formatted(path, faults.isEmpty() ? "" : ": " + String.join("; ", faults)),
          null);
    }
    return Source.ofOneRegistry(found);
  }

  private static Source read(Path file) throws IOException, StoreException {
    if (!Files.exists(file)) {
      throw new IOException(file + ": there is no such file");
    }
    if (RegistryFile.isTable(file)) {
      return table(file).source();
    }
    try {
      byte[] bytes = Files.readAllBytes(file);
      return KeysText.isKeys(bytes)
          ? keys(file).source()
          : new Source(file.toString(), StateText.parse(bytes).contents());
    } catch (IOException e) {
      String text = Failure.words(e);
      throw text.startsWith(file.toString()) ? e : new IOException(file + ": " + text, e);
    }
  }

  /**
   * A registry that was published.
   *
   * @param bootId the boot of the host in which it was published
   */
  public record Dated(Source source, UUID bootId) {}

  /** Reads a table. A table has only the uids of owners, so the owners are not known. */
  public static Dated table(Path file) throws IOException {
    RegistryFile.Published published = RegistryFile.read(file);
    return new Dated(
        withoutOwners(
            file,
            published.snapshot(),
            published.bootId(),
            tagBeside(file, published.snapshot().info())),
        published.bootId());
  }

  /** Reads a keys file. */
  public static Dated keys(Path file) throws IOException {
    try {
      RegistryFile.Published published = KeysText.parse(Files.readString(file));
      return new Dated(
          source(
              file,
              published.snapshot(),
              published.bootId(),
              tagBeside(file, published.snapshot().info())),
          published.bootId());
    } catch (BadLayoutException | CharacterCodingException e) {
      throw new IOException("%s %s".formatted(file, e.getMessage()), e);
    }
  }

  /** What a table and the tag say, wherever they were read from. */
  public static Source withoutOwners(Path from, Snapshot snapshot, UUID bootId, Tag tag) {
    List<Field> fields =
        snapshot.records().stream()
            .map(field -> field.toBuilder().owners(List.of()).build())
            .toList();
    return source(from, Snapshot.of(snapshot.info(), fields), bootId, tag);
  }

  /** The tag that was published there; none if it is not known, or is another registry's. */
  private static Tag tagBeside(Path file, RegistryInfo info) {
    try {
      TagStruct.Published tag = TagStruct.read(file.resolveSibling(TAG));
      return tag.isOf(info) ? tag.tag() : Tag.NONE;
    } catch (IOException e) {
      return Tag.NONE;
    }
  }

  private static Source source(Path from, Snapshot snapshot, UUID bootId, Tag tag) {
    RegistryState state = new RegistryState(snapshot, bootId.toString()).with(tag);
    return new Source(from.toString(), new Contents(state, List.of()));
  }
}
