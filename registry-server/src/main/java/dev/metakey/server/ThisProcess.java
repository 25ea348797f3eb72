package dev.metakey.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.metakey.layout.KeysText;
import dev.metakey.model.Peer;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.files.OpenFileLimit;
import dev.metakey.server.log.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What a daemon says about itself. */
final class ThisProcess {
  private static final int FEWEST_DESCRIPTORS = 128;

  /**
   * The field of {@code /proc/PID/stat} with the time of the start; the process' name is the
   * second.
   */
  private static final int STARTED = 22;

  private ThisProcess() {}

  /** The peer in whose name the daemon acts. */
  static Peer peer() throws IOException {
    Path process = Path.of("/proc/self");
    int uid = (int) Files.getAttribute(process, "unix:uid");
    int gid = (int) Files.getAttribute(process, "unix:gid");
    return new Peer(uid, gid, (int) ProcessHandle.current().pid(), "metakeyd").withPrivileges();
  }

  /**
   * What others need to tell whether it lives; null if {@code /proc} does not show it, or belongs
   * to another pid namespace.
   *
   * @param socket where it serves
   */
  static KeysText.@Nullable Daemon serving(Path socket) {
    try {
      String stat = Files.readString(Path.of("/proc/self/stat"), ISO_8859_1);
      String namespace = Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
      long pid = ProcessHandle.current().pid();
      if (!stat.startsWith(pid + " ")) {
        return null;
      }
      String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return new KeysText.Daemon(
          pid,
          Long.parseLong(afterName[STARTED - 3]),
          Long.parseLong(namespace.replaceAll("\\D", "")),
          socket.toAbsolutePath());
    } catch (IOException | IndexOutOfBoundsException | NumberFormatException unseen) {
      return null;
    }
  }

  /**
   * A start with fewer would fail at one place or another.
   *
   * @throws IOException if this process may have too few file descriptors
   */
  static void requireDescriptors() throws IOException {
    long descriptors = OpenFileLimit.of(Path.of("/proc/self"));
    if (descriptors < FEWEST_DESCRIPTORS) {
      throw new IOException(
          "metakeyd may have %d file descriptors, and needs %d at least; raise the limit (LimitNOFILE of the unit, ulimit -n)"
              .formatted(descriptors, FEWEST_DESCRIPTORS));
    }
  }

  /** The limits, with no more connections than this process can have descriptors for. */
  static Limits fitting(Limits limits) throws IOException {
    long descriptors = OpenFileLimit.of(Path.of("/proc/self"));
    Limits fitting = limits.within(descriptors);
    if (!fitting.equals(limits)) {
      Event.CONNECTIONS_REDUCED.say(
          "%d connections at most, not %d: metakeyd may have %d file descriptors (LimitNOFILE of the unit)"
              .formatted(fitting.connections().total(), limits.connections().total(), descriptors));
    }
    return fitting;
  }

  /** The version of this build. */
  static String version() {
    String version = ThisProcess.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }
}
