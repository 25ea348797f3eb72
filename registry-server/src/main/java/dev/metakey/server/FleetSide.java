package dev.metakey.server;

import dev.metakey.server.config.Config;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.fleet.EtcdAccess;
import dev.metakey.server.fleet.EtcdStore;
import dev.metakey.server.fleet.FleetAgent;
import dev.metakey.server.fleet.FleetCheck;
import dev.metakey.server.fleet.FleetException;
import dev.metakey.server.fleet.FleetNews;
import dev.metakey.server.fleet.FleetSettings;
import dev.metakey.server.fleet.ThisHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** What the fleet is told of this host, and what the config says of the fleet. */
final class FleetSide {
  private FleetSide() {}

  /**
   * Makes the agent of the config's fleet; the rules know it from now on.
   *
   * @param history takes note of what becomes of this host there
   */
  static FleetAgent agent(
      Config.Fleet wanted, Path data, Engine engine, Consumer<List<FleetNews>> history) {
    ThisHost host =
        new ThisHost(
            hostName(),
            MachineId.ofThisHost(),
            ThisProcess.version(),
            data.resolve("fleet"),
            history);
    return FleetAgent.of(settings(wanted), access(wanted), host, engine);
  }

  /**
   * What keeps a host with this config from joining its fleet; empty if nothing does.
   *
   * @throws FleetException if etcd does not answer
   */
  static String obstacle(Config.Fleet wanted, Config config) throws FleetException {
    return FleetCheck.obstacle(
        settings(wanted), access(wanted), config.layout(), config.areaBytes());
  }

  /** Has the agent go on as the config says, if etcd takes that. */
  static CompletableFuture<String> take(FleetAgent agent, Config.Fleet wanted) {
    return agent.take(settings(wanted), new EtcdStore(access(wanted)));
  }

  private static FleetSettings settings(Config.Fleet wanted) {
    return new FleetSettings(
        wanted.name(),
        wanted.prefixes(),
        wanted.firstId(),
        wanted.lastId(),
        wanted.localWhenAway(),
        wanted.quarantineMs(),
        wanted.hostNames(),
        wanted.serviceNames());
  }

  private static EtcdAccess access(Config.Fleet wanted) {
    EtcdAccess.Tls tls =
        wanted
            .tls()
            .map(
                each ->
                    new EtcdAccess.Tls(
                        each.ca(), each.cert().orElse(null), each.key().orElse(null)))
            .orElse(null);
    return new EtcdAccess(
        wanted.endpoints(),
        tls,
        wanted.user(),
        wanted.passwordFile().orElse(null),
        wanted.timeoutMs());
  }

  private static String hostName() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).trim();
    } catch (IOException unknown) {
      return "localhost";
    }
  }
}
