package dev.metakey.cli;

import dev.metakey.cli.print.Finding;
import dev.metakey.cli.print.Text;
import dev.metakey.files.Failure;
import dev.metakey.layout.KeysText;
import dev.metakey.layout.RegistryFile;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.DaemonStatus.Publication;
import dev.metakey.model.RegistryInfo;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What is to be seen of a daemon from outside, beside what it says itself. */
final class DaemonExam {
  private static final long MIB = 1 << 20;
  private static final long LITTLE_BYTES = 256 * MIB;
  private static final long TOO_LITTLE_BYTES = 16 * MIB;
  private static final Duration OLD_BACKUP = Duration.ofDays(7);

  private static final String REMOVE = "remove it: the daemon publishes it anew at once";

  private final Path root;

  /**
   * @param root the host's root directory
   */
  DaemonExam(Path root) {
    this.root = root;
  }

  /**
   * @param changedMs when a field was last changed, by the clock as it was then; 0 if none was
   */
  List<Finding> running(DaemonStatus status, long changedMs) {
    DaemonStatus.Daemon daemon = status.daemon();
    List<Finding> findings = new ArrayList<>();
    findings.add(daemon(daemon));
    status.problems().forEach(text -> findings.add(Finding.fail("problem", text, "")));
    findings.add(socket(root.resolve(relative(daemon.socket()))));
    status.publications().forEach(one -> findings.add(publication(one, status.info())));
    findings.add(programs(status.programs()));
    Path data = root.resolve(relative(daemon.data()));
    findings.add(data(data));
    findings.add(disk(data));
    findings.add(clock(daemon.startedAtMs(), changedMs, System.currentTimeMillis()));
    return findings;
  }

  private static String relative(String path) {
    return path.replaceFirst("^/+", "");
  }

  private Finding daemon(DaemonStatus.Daemon daemon) {
    String text = "metakeyd %s, pid %d".formatted(daemon.version(), daemon.pid());
    return Files.exists(root.resolve("proc/" + daemon.pid()))
        ? Finding.ok("daemon", text)
        : Finding.warn(
            "daemon",
            text + ", which is not to be seen here",
            "it runs in another pid namespace, where it cannot tell the units of callers from here (or /proc hides it)");
  }

  private static Finding socket(Path socket) {
    return rights("socket", socket, null);
  }

  /** Its files are for the daemon alone, whatever the mode of the directory itself. */
  private static Finding data(Path data) {
    return rights("data", data, PosixFilePermission.OTHERS_WRITE);
  }

  /**
   * @param forbidden what others may not do; null: nothing is
   */
  private static Finding rights(String what, Path path, @Nullable PosixFilePermission forbidden) {
    try {
      Set<PosixFilePermission> mode =
          Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS);
      String text =
          "%s, %s, %s"
              .formatted(
                  path,
                  PosixFilePermissions.toString(mode),
                  Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).getName());
      boolean isOpen = forbidden != null && mode.contains(forbidden);
      return isOpen
          ? Finding.warn(what, text + ": others have too many rights", "chmod o= " + path)
          : Finding.ok(what, text);
    } catch (IOException e) {
      return Finding.warn(
          what,
          "%s cannot be looked at: %s".formatted(path, Failure.reason(e)),
          "the daemon may have other directories than you, as in a container");
    }
  }

  /** Whether a file says what the daemon believes that it says. */
  private Finding publication(Publication told, RegistryInfo registry) {
    Path path = root.resolve(relative(told.path()));
    if (!told.problem().isEmpty()) {
      return Finding.fail(told.name(), told.problem(), "");
    }
    if (told.name().equals("tag")) {
      return rights(told.name(), path, PosixFilePermission.OTHERS_READ);
    }
    try {
      RegistryInfo info = read(told.name(), path);
      if (info == null) { // pinned maps: the daemon itself compares them
        return Finding.ok(told.name(), "%s at revision %d".formatted(path, told.revision()));
      }
      boolean isCurrent =
          info.registryId().equals(registry.registryId()) && info.revision() >= told.revision();
      return isCurrent
          ? Finding.ok(told.name(), "%s at revision %d".formatted(path, info.revision()))
          : Finding.fail(
              told.name(),
              "%s is of registry %s at revision %d, not of %s at %d"
                  .formatted(
                      path,
                      info.registryId(),
                      info.revision(),
                      registry.registryId(),
                      told.revision()),
              REMOVE);
    } catch (NoSuchFileException e) {
      return Finding.fail(
          told.name(),
          path + " is not there",
          "the daemon has other directories than you, or cannot write there");
    } catch (AccessDeniedException e) {
      return Finding.warn(
          told.name(), "%s cannot be read: %s".formatted(path, Failure.reason(e)), "");
    } catch (IOException e) {
      return Finding.fail(
          told.name(), "%s is damaged: %s".formatted(path, Failure.reason(e)), REMOVE);
    }
  }

  private static @Nullable RegistryInfo read(String name, Path path) throws IOException {
    return switch (name) {
      case "keys" -> KeysText.parse(Files.readString(path)).snapshot().info();
      case "registry.bin" -> RegistryFile.read(path).snapshot().info();
      default -> null;
    };
  }

  private static Finding programs(DaemonStatus.Programs programs) {
    if (!programs.areLookedAt()) {
      return Finding.ok("programs", "not looked at, as 'programs: none' says");
    }
    String text = "%d loaded, %d stale".formatted(programs.loaded(), programs.stale());
    if (!programs.unseen().isEmpty()) {
      return Finding.warn(
          "programs",
          "loaded programs cannot be seen: " + programs.unseen(),
          "or say 'programs: none' in metakeyd.yaml");
    }
    return programs.stale() == 0
        ? Finding.ok("programs", text)
        : Finding.fail("programs", text, "'metakey users' shows which; unload and link them again");
  }

  private static Finding disk(Path data) {
    try {
      FileStore store = Files.getFileStore(data);
      return disk(data, store.getUsableSpace());
    } catch (IOException e) {
      return Finding.warn("disk", "its space is not known: " + Failure.reason(e), "");
    }
  }

  static Finding disk(Path data, long freeBytes) {
    String text = "%d MiB are free for %s".formatted(freeBytes / MIB, data);
    if (freeBytes < TOO_LITTLE_BYTES) {
      return Finding.fail("disk", text, "make room: without it, changes are refused");
    }
    return freeBytes < LITTLE_BYTES
        ? Finding.warn("disk", text, "make room: without it, changes will be refused")
        : Finding.ok("disk", text);
  }

  /**
   * @param startedAtMs of the daemon
   * @param changedMs of the last change of a field: a clock that was lost while the host was off is
   *     behind that, and not behind the start
   */
  static Finding clock(long startedAtMs, long changedMs, long nowMs) {
    long latestMs = Math.max(startedAtMs, changedMs);
    return latestMs <= nowMs
        ? Finding.ok("clock", Text.time(nowMs))
        : Finding.warn(
            "clock",
            "it is %s, before %s (%s)"
                .formatted(
                    Text.time(nowMs),
                    changedMs > startedAtMs ? "the last change of a field" : "the daemon started",
                    Text.time(latestMs)),
            "set the clock, or wait until it has caught up; quarantines and ttls go by the kernel's own, but the times in the history are wrong");
  }

  /**
   * @param directory where backups are kept
   */
  static Finding backup(Path directory, long nowMs) {
    try (Stream<Path> files = Files.list(directory)) {
      long newestMs = 0;
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        newestMs = Math.max(newestMs, Files.getLastModifiedTime(file).toMillis());
      }
      if (newestMs == 0) {
        return Finding.warn("backup", directory + " has none", "metakey backup FILE");
      }
      String text = "the newest in %s is of %s".formatted(directory, Text.time(newestMs));
      return nowMs - newestMs <= OLD_BACKUP.toMillis()
          ? Finding.ok("backup", text)
          : Finding.warn("backup", text + ", older than a week", "metakey backup FILE");
    } catch (IOException e) {
      return Finding.warn("backup", directory + " cannot be read: " + Failure.reason(e), "");
    }
  }
}
