package dev.metakey.server;

import dev.metakey.model.DaemonStatus;
import dev.metakey.server.config.Config;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.FleetDesk;
import dev.metakey.server.files.SocketAccess;
import dev.metakey.server.metrics.MetricsPage;
import dev.metakey.server.page.RegistryPage;
import dev.metakey.server.publication.WatchHub;
import dev.metakey.server.storage.RocksStore;
import dev.metakey.server.transport.HttpEndpoint;
import dev.metakey.server.transport.HttpPage;
import dev.metakey.server.transport.SocketServer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What those who watch over the daemon can ask over HTTP, where the config wants that; nothing of
 * it is loaded where it does not, and nothing of the page where it wants no page.
 */
final class Monitor implements AutoCloseable {
  private final Health health;
  private final MetricsPage metrics;
  private final @Nullable RegistryPage page;
  private final HttpEndpoint endpoint;

  /**
   * Has calls and commits measured from now on.
   *
   * @param wanted what to show, and where
   * @param access who may connect to a unix socket
   * @param status as {@code metakey status} tells
   */
  Monitor(
      Config.Monitoring wanted,
      SocketAccess access,
      Health health,
      Supplier<DaemonStatus> status,
      Engine engine,
      WatchHub hub,
      SocketServer server,
      RocksStore store) {
    this.health = health;
    this.metrics = new MetricsPage(status, engine::snapshot, hub::lag, health::isReady);
    this.page =
        wanted.page() == Config.Page.OFF
            ? null
            : new RegistryPage(engine, status, health::isReady, wanted.page() == Config.Page.FULL);
    this.endpoint =
        new HttpEndpoint(
            wanted.metrics().orElseThrow(), access, pages(), page == null ? null : page.feed());
    server.measure(metrics.calls());
    engine.measure(metrics.queued(), metrics.commits());
    store.measure(metrics.syncs());
    if (page != null) {
      engine.addListener((snapshot, changes) -> endpoint.tellViewers());
    }
  }

  /** Shows how this host stands to its fleet, too. */
  void fleet(FleetDesk desk) {
    metrics.fleet(desk::status, desk::claims);
  }

  private Map<String, HttpPage> pages() {
    Map<String, HttpPage> pages = new HashMap<>();
    pages.put("/livez", health::live);
    pages.put("/readyz", health::ready);
    pages.put("/metrics", metrics);
    if (page != null) {
      pages.putAll(page.pages());
    }
    return pages;
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
    if (page != null) {
      page.close();
    }
  }
}
