package dev.metakey.server.files;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Checks that nobody but root and the daemon's own user can change what a path leads to.
 *
 * <p>Whoever may write to a directory, or to one above it, can put a file or a link of their own
 * where the daemon expects its own. A daemon that runs as root would then overwrite, or believe,
 * what they point it at. So every directory on the way, and every symbolic link, has to belong to
 * root or to the daemon's user, and must not be writable for anybody else. The exception is a
 * directory of root's with the sticky bit, such as {@code /tmp}: others may add to it, but they
 * cannot remove or rename what is ours in it.
 */
public final class TrustedDirectory {
  private static final int TYPE = 0170000;
  private static final int DIRECTORY = 0040000;
  private static final int REGULAR = 0100000;
  private static final int LINK = 0120000;
  private static final int STICKY = 01000;
  private static final int WRITABLE_FOR_OTHERS = 0022;

  /** As many links as the kernel follows (path_resolution(7)). */
  private static final int MAX_LINKS = 40;

  /** What a directory is for, and how an admin chooses another. */
  public enum Use {
    SOCKET("the socket's directory", "choose another with --socket", true),
    RUN("the directory of published files", "choose another with --run", false),
    DATA("the data directory", "choose another with --data", false),
    MAPS("the directory of pinned maps", "choose another with --bpffs", false),
    CONFIG("the config", "choose another with --config", false);

    private final String words;
    private final String advice;
    private final boolean maySticky;

    Use(String words, String advice, boolean maySticky) {
      this.words = words;
      this.advice = advice;
      this.maySticky = maySticky;
    }
  }

  private TrustedDirectory() {}

  /**
   * Makes a directory, with those above it that are missing, and checks it as {@link #check} does.
   * What is made gets its mode whatever the umask is; what is there keeps the mode that it has.
   *
   * @param mode of the directory, like {@code rwxr-xr-x}; those above it are readable for everybody
   */
  public static void make(Use use, Path directory, String mode) throws IOException {
    Path absolute = directory.toAbsolutePath();
    check(use, absolute);
    if (!Files.isDirectory(absolute)) {
      create(use, absolute, mode);
      check(use, absolute);
    }
  }

  private static void create(Use use, Path directory, String mode) throws IOException {
    Path parent = Objects.requireNonNullElse(directory.getParent(), directory);
    if (!Files.isDirectory(parent)) {
      create(use, parent, "rwxr-xr-x");
    }
    try {
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      if (Files.isDirectory(directory)) { // somebody else was quicker
        return;
      }
      throw refusal(use, directory, directory + " is not a directory", "remove or rename it", e);
    }
    Files.getFileAttributeView(directory, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .setPermissions(PosixFilePermissions.fromString(mode));
    // If the name of the directory is lost in a power cut, so is everything in it.
    try (FileChannel names = FileChannel.open(parent, StandardOpenOption.READ)) {
      names.force(true);
    }
  }

  /** As {@link #make}, for the directory that a file is to be in. */
  public static void makeFor(Use use, Path file, String mode) throws IOException {
    Path absolute = file.toAbsolutePath();
    make(use, Objects.requireNonNullElse(absolute.getParent(), absolute), mode);
  }

  /**
   * Checks every directory from the root to this one, as far as they are there.
   *
   * @throws IOException naming what others may change, and what to do
   */
  public static void check(Use use, Path directory) throws IOException {
    Path found = walk(use, directory);
    if (found != null && !isA(DIRECTORY, mode(found))) {
      throw refusal(use, directory, found + " is not a directory", "remove or rename it", null);
    }
  }

  /**
   * Checks a file that is to be read and believed, and every directory that leads to it.
   *
   * @throws IOException naming what others may change, and what to do
   */
  public static void checkFile(Use use, Path file) throws IOException {
    var unused = walk(use, file);
  }

  /**
   * Follows a path as the kernel does, and checks everything on the way.
   *
   * @return what the path leads to, without links; null if that is missing
   */
  private static @Nullable Path walk(Use use, Path path) throws IOException {
    Deque<Path> ahead = new ArrayDeque<>();
    push(ahead, path.toAbsolutePath());
    Path at = Path.of("/");
    int links = 0;
    int unused = requireTrusted(use, path, at, false);
    while (!ahead.isEmpty()) {
      Path name = ahead.pop();
      if (name.toString().equals("..")) {
        at = Objects.requireNonNullElse(at.getParent(), at);
        continue;
      }
      Path next = name.toString().equals(".") ? at : at.resolve(name);
      try {
        int mode = requireTrusted(use, path, next, ahead.isEmpty());
        if (isA(LINK, mode)) {
          if (++links > MAX_LINKS) {
            throw refusal(
                use, path, next + " is a loop of symbolic links", "remove the link", null);
          }
          Path target = Files.readSymbolicLink(next);
          at = target.isAbsolute() ? Path.of("/") : at;
          push(ahead, target);
        } else if (!ahead.isEmpty() && !isA(DIRECTORY, mode)) {
          throw refusal(use, path, next + " is not a directory", "remove or rename it", null);
        } else {
          at = next;
        }
      } catch (NoSuchFileException missing) {
        return null;
      }
    }
    return at;
  }

  /** Puts the components of a path in front of those that are still to be followed. */
  private static void push(Deque<Path> ahead, Path path) {
    for (int i = path.getNameCount() - 1; i >= 0; i--) {
      ahead.push(path.getName(i));
    }
  }

  /**
   * @return the mode of what is there, as it was when it was checked
   */
  private static int requireTrusted(Use use, Path wanted, Path path, boolean isLast)
      throws IOException {
    Map<String, Object> seen = // at once, as each look is a system call
        Files.readAttributes(path, "unix:mode,uid", LinkOption.NOFOLLOW_LINKS);
    int mode = (int) Objects.requireNonNull(seen.get("mode"));
    int uid = (int) Objects.requireNonNull(seen.get("uid"));
    if (uid != 0 && uid != self()) {
      throw refusal(
          use,
          wanted,
          "%s belongs to uid %s, who could put something else in its place"
              .formatted(path, Integer.toUnsignedString(uid)),
          "run 'chown -h %s %s'".formatted(Integer.toUnsignedString(self()), path),
          null);
    }
    boolean isShared = (mode & WRITABLE_FOR_OTHERS) != 0;
    if (!isShared || isA(LINK, mode)) { // the mode of a link says nothing
      return mode;
    }
    boolean isKept = isA(DIRECTORY, mode) && (mode & STICKY) != 0 && uid == 0;
    if (isKept && (!isLast || use.maySticky)) {
      return mode;
    }
    if (isDevice(mode) || Files.getFileStore(path).isReadOnly()) { // as Kubernetes mounts a config
      return mode;
    }
    throw refusal(
        use,
        wanted,
        "%s has mode %s, so others could put something of their own there"
            .formatted(path, modeOf(path)),
        "run 'chmod go-w %s'".formatted(path),
        null);
  }

  private static int mode(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
  }

  private static boolean isA(int type, int mode) {
    return (mode & TYPE) == type;
  }

  private static boolean isDevice(int mode) {
    return !isA(DIRECTORY, mode) && !isA(REGULAR, mode);
  }

  private static String modeOf(Path path) throws IOException {
    return PosixFilePermissions.toString(
        Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
  }

  /** The uid that this process makes its files with. */
  public static int self() throws IOException {
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  }

  private static IOException refusal(
      Use use, Path wanted, String what, String advice, @Nullable Exception cause) {
    return new IOException(
        "%s %s cannot be used: %s; %s, or %s"
            .formatted(use.words, wanted, what, advice, use.advice),
        cause);
  }
}
