package dev.metakey.server.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The files in a data directory: which are evidence of a registry, and how they are kept aside. */
final class DataFiles {
  /**
   * The file that says what was wrong and where it is kept; an admin who has read it removes it.
   */
  static final String REPORT = "recovery-report";

  /** How many sets of damaged files are kept. */
  static final int MOST_SETS = 3;

  private static final Pattern ROCKSDB =
      Pattern.compile(
          "\\d+\\.(sst|log|blob)|CURRENT|IDENTITY|LOCK|LOG(\\.old.*)?|(MANIFEST|OPTIONS)-\\d+(\\.dbtmp)?|\\d+\\.dbtmp|"
              + HistoryDamage.NOTE);

  private static final Pattern SET = Pattern.compile("damaged-(\\d{1,9})");

  private final Path directory;

  DataFiles(Path directory) {
    this.directory = directory;
  }

  /** The files of a database. Files that are not recognised are left alone. */
  List<Path> ofDatabase() throws IOException {
    return matching(ROCKSDB);
  }

  /** Whether there has been a registry here. */
  boolean hasEvidence() throws IOException {
    return !ofDatabase().isEmpty()
        || !sets().isEmpty()
        || Stream.concat(StateCopy.NAMES.stream(), Stream.of(REPORT))
            .anyMatch(name -> Files.exists(directory.resolve(name), LinkOption.NOFOLLOW_LINKS));
  }

  /**
   * Moves the database into a set of its own, along with duplicates of the state copies, which stay
   * until there is a new database.
   *
   * @return the set
   */
  Path moveAside() throws IOException {
    List<Path> sets = sets();
    for (int i = 0; i <= sets.size() - MOST_SETS; i++) {
      delete(sets.get(i));
    }
    int next = sets.isEmpty() ? 1 : number(sets.get(sets.size() - 1)) + 1;
    Path set = directory.resolve("damaged-" + next);
    Files.createDirectory(
        set, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    for (String name : StateCopy.NAMES) {
      Path copy = directory.resolve(name);
      if (Files.isRegularFile(copy, LinkOption.NOFOLLOW_LINKS)) {
        Files.copy(copy, set.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
    for (Path file : ofDatabase()) {
      Files.move(file, set.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
    }
    sync(set);
    sync(directory);
    return set;
  }

  private List<Path> sets() throws IOException {
    return matching(SET).stream().sorted(Comparator.comparingInt(DataFiles::number)).toList();
  }

  private List<Path> matching(Pattern names) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> names.matcher(file.getFileName().toString()).matches()).toList();
    }
  }

  private static int number(Path set) {
    String name = set.getFileName().toString();
    return Integer.parseInt(name.substring(name.indexOf('-') + 1));
  }

  private static void delete(Path set) throws IOException {
    try (Stream<Path> files = Files.walk(set)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  static void sync(Path path) throws IOException {
    try (FileChannel names = FileChannel.open(path, StandardOpenOption.READ)) {
      names.force(true);
    }
  }
}
