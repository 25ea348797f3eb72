package dev.metakey.bench;

import io.grpc.ManagedChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Connections for watchers, two on each: a daemon lets nobody have a thousand connections, not even
 * root.
 */
final class WatchChannels {
  private static final int WATCHERS = 2;

  private @Nullable ManagedChannel channel;
  private int watchers;

  ManagedChannel next(Path socket) {
    ManagedChannel current = channel;
    if (watchers++ % WATCHERS == 0 || current == null) {
      current = Sockets.connect(socket);
      channel = current;
    }
    return current;
  }
}
