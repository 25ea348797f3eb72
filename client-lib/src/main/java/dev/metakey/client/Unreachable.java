package dev.metakey.client;

import dev.metakey.files.Failure;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Why a daemon cannot be reached, in words that help. */
final class Unreachable {
  private static final String DENIED = "permission denied";

  private Unreachable() {}

  /**
   * Looks at what is at the socket. Call it after a failure, not before: what is there may change.
   */
  static MetakeyException at(Path socket, @Nullable Throwable cause) {
    String found = found(socket);
    return new MetakeyException(
        Reason.UNAVAILABLE,
        found.equals(DENIED)
            ? "the metakey daemon at %s does not let you in: %s; ask as root, or have the admin let you use its directory and write to it (socket_access in metakeyd.yaml)"
                .formatted(socket, found)
            : "no metakey daemon at %s: %s; start metakeyd, or name its socket with --socket or METAKEY_SOCKET"
                .formatted(socket, found),
        Map.of("socket", socket.toString(), "found", found),
        cause);
  }

  /**
   * For a daemon that is there, and lets nobody in.
   *
   * @param refusal what it said; empty: more clients wait than the kernel keeps
   */
  static MetakeyException busy(Path socket, Duration limit, String refusal) {
    String why =
        refusal.isEmpty()
            ? "too many clients connect at once; try again later, and see its log for who connects so often"
            : refusal;
    return new MetakeyException(
        Reason.UNAVAILABLE,
        "the metakey daemon at %s let nobody in within %d ms: %s"
            .formatted(socket, limit.toMillis(), why),
        Map.of("socket", socket.toString(), "found", why));
  }

  /**
   * Whether connecting failed as the listener's queue is full (EAGAIN). The JVM has no exception of
   * its own for that: a socket that is there, and may be written to, refuses (ConnectException) or
   * has no room.
   */
  static boolean isCrowded(Path socket, Throwable failure) {
    return failure instanceof SocketException
        && !(failure instanceof ConnectException)
        && isSocket(socket)
        && Files.isWritable(socket);
  }

  private static boolean isSocket(Path path) {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class).isOther();
    } catch (IOException gone) {
      return false;
    }
  }

  private static String found(Path socket) {
    try {
      var attributes = Files.readAttributes(socket, BasicFileAttributes.class);
      return attributes.isOther() ? connect(socket) : "not a socket";
    } catch (NoSuchFileException e) {
      return "no such file";
    } catch (IOException e) {
      return Failure.reason(e);
    }
  }

  /** Does not block: if the listener's queue is full, a blocking connect would wait for ever. */
  private static String connect(Path socket) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.configureBlocking(false);
      channel.connect(UnixDomainSocketAddress.of(socket));
      return "something listens, but the connection was lost or not answered";
    } catch (ConnectException e) {
      return "connection refused (in a container, mount the directory of the socket, not the socket: a daemon that is restarted makes a new one)";
    } catch (IOException e) {
      return Files.isWritable(socket)
          ? "something listens, but takes no connection (%s)".formatted(e.getMessage())
          : DENIED;
    }
  }
}
