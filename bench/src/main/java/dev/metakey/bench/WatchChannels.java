package dev.metakey.bench;

import io.grpc.ManagedChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Connections for watchers, some on each: a daemon lets nobody have a thousand connections, not
 * even root.
 */
final class WatchChannels {
  private final int each;
  private @Nullable ManagedChannel channel;
  private int watchers;

  /**
   * @param each how many watchers share a connection
   */
  WatchChannels(int each) {
    this.each = each;
  }

  ManagedChannel next(Path socket) {
    ManagedChannel current = channel;
    if (watchers++ % each == 0 || current == null) {
      current = Sockets.connect(socket);
      channel = current;
    }
    return current;
  }
}
