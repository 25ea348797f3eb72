package dev.metakey.server;

import dev.metakey.files.Failure;
import dev.metakey.layout.RegistryFile;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.config.Config;
import dev.metakey.server.engine.ProgramSource;
import dev.metakey.server.files.TrustedDirectory;
import dev.metakey.server.files.TrustedDirectory.Use;
import dev.metakey.server.kernel.PinnedReader;
import dev.metakey.server.kernel.PinnedTag;
import dev.metakey.server.storage.Evidence;
import dev.metakey.server.storage.RecoveryFiles;
import dev.metakey.server.storage.Source;
import dev.metakey.server.storage.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What stands where this daemon is to publish, as it was before the daemon wrote anything: evidence
 * of its own registry, or a sign that another daemon publishes there.
 */
final class Published {
  private static final Pattern BOOT_OF_KEYS =
      Pattern.compile("\\A.*\\R# .* boot=([0-9a-f-]{36})\\b");

  private final UUID bootId;
  private final List<Source> files = new ArrayList<>();
  private final List<Source> maps = new ArrayList<>();
  private final List<Path> unreadable = new ArrayList<>();
  private final List<String> faults = new ArrayList<>();
  private @Nullable UUID halfWritten;

  private Published(UUID bootId) {
    this.bootId = bootId;
  }

  /** Reads what was published in this boot of the host; changes nothing. */
  static Published look(Config.Paths paths, UUID bootId) {
    Published published = new Published(bootId);
    published.keys(paths.run().resolve(RecoveryFiles.KEYS));
    published.table(paths.run().resolve(RecoveryFiles.TABLE));
    if (!paths.bpffs().equals("none")) {
      published.maps(Path.of(paths.bpffs()));
    }
    return published;
  }

  private void keys(Path file) {
    try {
      if (isThere(file)) {
        add(RecoveryFiles.keys(file));
      }
    } catch (IOException e) {
      Matcher boot = BOOT_OF_KEYS.matcher(text(file));
      if (!boot.find() || boot.group(1).equals(bootId.toString())) {
        fault(file, e);
      }
    }
  }

  private void table(Path file) {
    try {
      if (isThere(file)) {
        add(RecoveryFiles.table(file));
      }
    } catch (IOException e) {
      RegistryFile.Origin origin = origin(file);
      if (origin == null || origin.bootId().equals(bootId)) {
        halfWritten = origin == null ? null : origin.registryId();
        fault(file, e);
      }
    }
  }

  private void maps(Path directory) {
    try {
      Source source = mapsIn(directory, bootId);
      if (source != null) {
        maps.add(source);
      }
    } catch (IOException e) {
      faults.add(Failure.words(e));
    }
  }

  private static @Nullable Source mapsIn(Path directory, UUID bootId) throws IOException {
    Snapshot snapshot = PinnedReader.read(directory);
    return snapshot == null
        ? null
        : RecoveryFiles.withoutOwners(
            directory, snapshot, bootId, PinnedTag.read(directory, snapshot.info()));
  }

  /** Whether the file is there and may be believed: what others could have put there may not. */
  private static boolean isThere(Path file) {
    try {
      TrustedDirectory.checkFile(Use.RUN, file);
      return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    } catch (IOException e) {
      return false;
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  private static RegistryFile.@Nullable Origin origin(Path file) {
    try {
      return RegistryFile.origin(file);
    } catch (IOException e) {
      return null;
    }
  }

  private void add(RecoveryFiles.Dated read) {
    if (read.bootId().equals(bootId)) {
      files.add(read.source());
    }
  }

  private void fault(Path file, IOException e) {
    unreadable.add(file);
    faults.add(Failure.words(e));
  }

  /**
   * All that a starting daemon can know from outside its data directory.
   *
   * @param recoverFrom what an admin named: files, or a directory of files or of pinned maps
   * @throws StoreException if that cannot be read
   */
  Evidence evidence(@Nullable Path recoverFrom, ProgramSource programs, long nowMs)
      throws StoreException {
    List<Source> all = new ArrayList<>(files);
    all.addAll(maps);
    return new Evidence(
        all,
        faults,
        loaded(programs),
        MachineId.ofThisHost(),
        named(recoverFrom),
        UUID.randomUUID(),
        Tag.random(new SecureRandom()),
        nowMs);
  }

  private static List<LoadedProgram> loaded(ProgramSource programs) {
    try {
      return programs.loaded(false);
    } catch (IOException e) { // the daemon says so when it looks again
      return List.of();
    }
  }

  private List<Source> named(@Nullable Path path) throws StoreException {
    if (path == null) {
      return List.of();
    }
    try {
      Source pinned = mapsIn(path, bootId);
      return pinned == null ? RecoveryFiles.named(path) : List.of(pinned);
    } catch (IOException e) {
      throw new StoreException(Failure.words(e), e);
    }
  }

  /**
   * Why nothing may be written to the run directory.
   *
   * @param own the ids of this daemon's registry
   * @return empty if it may
   */
  String othersFiles(Collection<UUID> own, Path data) {
    if (halfWritten != null && !own.contains(halfWritten)) {
      return "no files are published: a daemon of registry %s was writing %s, and died; choose another directory with --run"
          .formatted(halfWritten, unreadable.get(unreadable.size() - 1));
    }
    return others(
        files,
        own,
        "no files are published: %s was published since the host booted, and belongs to another registry than the one in %s; choose another directory with --run",
        data);
  }

  /** As {@link #othersFiles}, for the directory of pinned maps. */
  String othersMaps(Collection<UUID> own, Path data) {
    return others(
        maps,
        own,
        "no maps are published: %s belongs to another registry than the one in %s; choose another directory with --bpffs",
        data);
  }

  private static String others(List<Source> there, Collection<UUID> own, String text, Path data) {
    return there.stream()
        .filter(source -> !own.contains(source.contents().info().registryId()))
        .findFirst()
        .map(source -> text.formatted(source, data))
        .orElse("");
  }

  /**
   * Keeps copies of the files that could not be read, before they are overwritten.
   *
   * @return where the copies are
   */
  List<Path> keepAside() throws IOException {
    List<Path> kept = new ArrayList<>();
    for (Path file : unreadable) {
      Path copy = file.resolveSibling(file.getFileName() + ".damaged");
      Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING, LinkOption.NOFOLLOW_LINKS);
      kept.add(copy);
    }
    return kept;
  }
}
