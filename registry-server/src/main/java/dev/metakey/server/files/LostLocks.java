package dev.metakey.server.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds who holds a lock file that its path no longer leads to, as somebody removed or renamed it.
 * Every lock file holds its path, and the kernel tells which processes hold locks.
 *
 * <p>It finds only processes that this one may look at: those of the same user or, for root, all.
 */
final class LostLocks {
  /** {@code 1: POSIX ADVISORY WRITE 4711 fe:00:1234 0 EOF}. */
  private static final Pattern LOCK = Pattern.compile("\\d+: POSIX +\\S+ +WRITE (\\d+) .*");

  private static final int MAX_BYTES = 8 << 10;

  private LostLocks() {}

  /**
   * @param path a lock file's, without symbolic links
   * @return the pid of a process that holds a file that was there and no longer is; null if there
   *     is none
   */
  static @Nullable Long holderOf(Path path) {
    long self = ProcessHandle.current().pid();
    for (long pid : whoHoldLocks()) {
      if (pid != self && holds(pid, path)) {
        return pid;
      }
    }
    return null;
  }

  private static Set<Long> whoHoldLocks() {
    Set<Long> pids = new LinkedHashSet<>();
    try (Stream<String> lines = Files.lines(Path.of("/proc/locks"))) {
      lines
          .map(LOCK::matcher)
          .filter(Matcher::matches)
          .forEach(lock -> pids.add(Long.parseLong(lock.group(1))));
    } catch (IOException | UncheckedIOException e) {
      // Some containers do not show it.
    }
    return pids;
  }

  private static boolean holds(long pid, Path path) {
    try (Stream<Path> fds = Files.list(Path.of("/proc/%d/fd".formatted(pid)))) {
      return fds.anyMatch(fd -> isLost(fd, path));
    } catch (IOException | UncheckedIOException e) { // it has ended, or is somebody else's
      return false;
    }
  }

  private static boolean isLost(Path fd, Path path) {
    try {
      String target = Files.readSymbolicLink(fd).toString();
      boolean isElsewhere = !target.equals(path.toString());
      return isElsewhere
          && target.replace(" (deleted)", "").endsWith("/" + path.getFileName())
          && Files.isRegularFile(fd)
          && Files.size(fd) < MAX_BYTES
          && saysItIs(fd, path);
    } catch (IOException e) { // closed meanwhile
      return false;
    }
  }

  private static boolean saysItIs(Path fd, Path path) throws IOException {
    List<String> lines = Files.readAllLines(fd);
    return lines.size() == 2 && lines.get(1).equals(path.toString());
  }
}
