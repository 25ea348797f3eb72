package dev.metakey.server;

import dev.metakey.model.DaemonStatus;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.files.SocketAccess;
import dev.metakey.server.metrics.MetricsPage;
import dev.metakey.server.publication.WatchHub;
import dev.metakey.server.storage.RocksStore;
import dev.metakey.server.transport.HttpEndpoint;
import dev.metakey.server.transport.HttpPage;
import dev.metakey.server.transport.SocketServer;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What those who watch over the daemon can ask over HTTP, where the config wants that; nothing of
 * it is loaded where it does not. A further page is one more line in {@link #pages}.
 */
final class Monitor implements AutoCloseable {
  private final Health health;
  private final MetricsPage metrics;
  private final HttpEndpoint endpoint;

  /**
   * Has calls and commits measured from now on.
   *
   * @param access who may connect to a unix socket
   * @param status as {@code metakey status} tells
   */
  Monitor(
      SocketAddress address,
      SocketAccess access,
      Health health,
      Supplier<DaemonStatus> status,
      Engine engine,
      WatchHub hub,
      SocketServer server,
      RocksStore store) {
    this.health = health;
    this.metrics = new MetricsPage(status, engine::snapshot, hub::lag, health::isReady);
    this.endpoint = new HttpEndpoint(address, access, pages());
    server.measure(metrics.calls());
    engine.measure(metrics.queued(), metrics.commits());
    store.measure(metrics.syncs());
  }

  private Map<String, HttpPage> pages() {
    return Map.of("/livez", health::live, "/readyz", health::ready, "/metrics", metrics);
  }

  void start() throws InterruptedException {
    endpoint.start();
  }

  /** What an admin should know; empty if all is well. */
  List<String> problems() {
    return endpoint.problems();
  }

  @Override
  public void close() throws InterruptedException {
    endpoint.close();
  }
}
