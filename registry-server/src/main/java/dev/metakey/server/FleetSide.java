package dev.metakey.server;

import dev.metakey.model.Snapshot;
import dev.metakey.server.config.Config;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.Programs;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.fleet.EtcdAccess;
import dev.metakey.server.fleet.FleetAgent;
import dev.metakey.server.fleet.FleetCheck;
import dev.metakey.server.fleet.FleetException;
import dev.metakey.server.fleet.FleetSettings;
import dev.metakey.server.fleet.ThisHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the fleet is told of this host, and what the config says of the fleet. */
final class FleetSide implements ThisHost {
  private final Path data;
  private final Engine engine;

  private FleetSide(Path data, Engine engine) {
    this.data = data;
    this.engine = engine;
  }

  /** Makes the agent of the config's fleet; the rules know it from now on. */
  static FleetAgent agent(Config.Fleet wanted, Path data, Engine engine) {
    return FleetAgent.of(settings(wanted), access(wanted), new FleetSide(data, engine));
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

  private static FleetSettings settings(Config.Fleet wanted) {
    return new FleetSettings(
        wanted.name(),
        wanted.prefixes(),
        wanted.firstId(),
        wanted.lastId(),
        wanted.localWhenAway(),
        wanted.quarantineMs());
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

  @Override
  public String name() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).trim();
    } catch (IOException unknown) {
      return "localhost";
    }
  }

  @Override
  public String machine() {
    return MachineId.ofThisHost();
  }

  @Override
  public String version() {
    return ThisProcess.version();
  }

  @Override
  public Path file() {
    return data.resolve("fleet");
  }

  @Override
  public Snapshot snapshot() {
    return engine.snapshot();
  }

  @Override
  public Programs programs() {
    return engine.programs();
  }

  @Override
  public void take(Fleet fleet) {
    engine.take(fleet);
  }
}
