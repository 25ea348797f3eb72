package dev.metakey.server.storage;

import dev.metakey.layout.RegistryFile;
import dev.metakey.model.Field;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.RegistryState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Reads files that a registry can be recovered from; changes none. */
public final class RecoveryFiles {
  private static final String TABLE = "registry.bin";

  private RecoveryFiles() {}

  /** What is published in a directory since the host has booted: at most one. */
  public static List<Source> published(Path run, UUID bootId) {
    Path table = run.resolve(TABLE);
    try {
      RegistryFile.Published published = RegistryFile.read(table);
      return published.bootId().equals(bootId) ? List.of(source(table, published)) : List.of();
    } catch (IOException e) { // there is none, or nobody can tell whose it is
      return List.of();
    }
  }

  /**
   * What an admin said to recover from.
   *
   * @param path a state copy, a registry.bin, or a directory that has some of them
   * @return accounts of one registry, the newest first; at least one
   * @throws StoreException if there is none that can be read
   */
  public static List<Source> named(Path path) throws StoreException {
    List<Path> files = new ArrayList<>();
    if (Files.isDirectory(path)) {
      StateCopy.NAMES.forEach(name -> files.add(path.resolve(name)));
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
        faults.add(file + ": " + e.getMessage());
      }
    }
    if (found.isEmpty()) {
      throw new StoreException(
          "nothing to recover from in %s%s; name a state copy, a registry.bin, or a directory that has one"
              .formatted(path, faults.isEmpty() ? "" : ": " + String.join("; ", faults)),
          null);
    }
    found.sort(Source.NEWEST_FIRST);
    Contents newest = found.get(0).contents();
    return found.stream().filter(source -> source.contents().isRelatedTo(newest)).toList();
  }

  private static Source read(Path file) throws IOException, StoreException {
    if (!Files.exists(file)) {
      throw new IOException("there is no such file");
    }
    return RegistryFile.isTable(file)
        ? source(file, RegistryFile.read(file))
        : new Source(file.toString(), StateText.parse(Files.readAllBytes(file)).contents());
  }

  /** The table has the uid of an owner and not the rest, so its owners are not known. */
  private static Source source(Path file, RegistryFile.Published published) {
    List<Field> fields =
        published.snapshot().records().stream()
            .map(field -> field.toBuilder().owners(List.of()).build())
            .toList();
    Snapshot snapshot = Snapshot.of(published.snapshot().info(), fields);
    RegistryState state = new RegistryState(snapshot, published.bootId().toString());
    return new Source(file.toString(), new Contents(state, List.of()));
  }
}
