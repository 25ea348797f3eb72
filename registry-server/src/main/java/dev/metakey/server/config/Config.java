package dev.metakey.server.config;

import dev.metakey.model.Layout;
import dev.metakey.model.Names;
import dev.metakey.model.RegistryInfo;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Policy;
import dev.metakey.server.domain.Prefixes;
import dev.metakey.server.files.SocketAccess;
import dev.metakey.server.log.LogSettings;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How a daemon is to run.
 *
 * @param areaBytes a multiple of 8, 24-216
 * @param quarantineMs how long a retired id is set aside, milliseconds
 * @param launchers names of units that prove nothing, besides the known ones; {@code *} in one
 *     stands for anything
 * @param access who may do what, and who reaches the socket
 * @param monitoring what the daemon shows of itself to those who watch over it
 * @param fleet the hosts that this one agrees with on names; empty: none
 */
public record Config(
    Paths paths,
    Layout layout,
    int areaBytes,
    long quarantineMs,
    History history,
    Publish publish,
    Programs programs,
    List<String> launchers,
    Access access,
    Monitoring monitoring,
    Optional<Fleet> fleet) {

  public Config {
    launchers = List.copyOf(launchers);
  }

  /** A config of a host that belongs to no fleet. */
  public Config(
      Paths paths,
      Layout layout,
      int areaBytes,
      long quarantineMs,
      History history,
      Publish publish,
      Programs programs,
      List<String> launchers,
      Access access,
      Monitoring monitoring) {
    this(
        paths,
        layout,
        areaBytes,
        quarantineMs,
        history,
        publish,
        programs,
        launchers,
        access,
        monitoring,
        Optional.empty());
  }

  /** A config that looks at loaded programs, adds no launchers, and lets everybody register. */
  public Config(
      Paths paths,
      Layout layout,
      int areaBytes,
      long quarantineMs,
      History history,
      Publish publish) {
    this(
        paths,
        layout,
        areaBytes,
        quarantineMs,
        history,
        publish,
        Programs.KERNEL,
        List.of(),
        Access.OPEN,
        Monitoring.NONE);
  }

  public static final Path DEFAULT_FILE = Path.of("/etc/metakey/metakeyd.yaml");

  /**
   * Where things are.
   *
   * @param run where files are published
   * @param bpffs where maps are pinned; the word {@code none} for nowhere
   * @param keysDirectory {@code keys.d}, beside the config file
   */
  public record Paths(Path socket, Path data, Path run, String bpffs, Path keysDirectory) {
    static final Paths DEFAULTS =
        new Paths(
            Path.of("/run/metakey/metakeyd.sock"),
            Path.of("/var/lib/metakey"),
            Path.of("/run/metakey"),
            "/sys/fs/bpf/metakey",
            Path.of("/etc/metakey/keys.d"));
  }

  /**
   * Which changes are kept.
   *
   * @param keep how many, at most
   * @param days how long, at most
   * @param journal whether each change is written to the log, too
   */
  public record History(long keep, int days, boolean journal) {
    /** A history of which the log says nothing. */
    public History(long keep, int days) {
      this(keep, days, false);
    }

    public long ageMs() {
      return Duration.ofDays(days).toMillis();
    }
  }

  /** Whether the daemon looks at the programs that the kernel has loaded. */
  public enum Programs {
    KERNEL,
    /** Never. This is for a private daemon, which the programs of others do not concern. */
    NONE;

    /**
     * @throws IllegalArgumentException saying what is allowed
     */
    public static Programs parse(String word) {
      return switch (word) {
        case "kernel" -> KERNEL;
        case "none" -> NONE;
        default ->
            throw new IllegalArgumentException(
                "programs %s is not known; allowed: kernel, none".formatted(Names.quote(word)));
      };
    }
  }

  /**
   * Which files are published.
   *
   * @param table {@code registry.bin}
   */
  public record Publish(boolean keys, boolean table, boolean tag) {
    public static final Publish ALL = new Publish(true, true, true);
  }

  /**
   * Who may do what, and how much of everything they may hold.
   *
   * @param policy the rules of the config, then the built-in ones
   * @param limits what holds where the policy says nothing, and for all together
   */
  public record Access(Policy policy, SocketAccess socket, Limits limits) {
    public static final Access DEFAULT =
        new Access(Policy.DEFAULT, SocketAccess.EVERYBODY, Limits.DEFAULTS);
    public static final Access OPEN =
        new Access(Policy.OPEN, SocketAccess.EVERYBODY, Limits.DEFAULTS);
  }

  /**
   * What the daemon shows of itself.
   *
   * @param metrics where metrics and health are served over HTTP: a loopback address, or a unix
   *     socket; empty for nowhere
   * @param page what the page shows that is served there, too
   * @param log what it logs, and how
   */
  public record Monitoring(Optional<SocketAddress> metrics, Page page, LogSettings log) {
    public static final Monitoring NONE =
        new Monitoring(Optional.empty(), Page.OFF, LogSettings.DEFAULTS);
  }

  /** What the page shows of the registry. Nobody who looks at it is asked who they are. */
  public enum Page {
    /** There is none. */
    OFF,
    /** What everybody on this host may read. */
    PUBLIC,
    /** What admins may read, except for the tag. */
    FULL
  }

  /**
   * The fleet of hosts that this one belongs to.
   *
   * @param endpoints {@code HOST:PORT} of members of etcd
   * @param user of etcd's; empty: none
   * @param passwordFile its password is in the first line
   * @param prefixes which names are the fleet's
   * @param ids what it hands out, as {@code FIRST-LAST}
   * @param localWhenAway whether a new name gets an id of this host's own while etcd is away
   * @param timeoutMs how long a member of etcd may take to answer, milliseconds
   * @param quarantineMs how long a name that no host holds keeps its id, milliseconds
   * @param hostNames how many of the names that the fleet has this host may have claimed
   * @param serviceNames how many names of a service this host lets the fleet have
   */
  public record Fleet(
      String name,
      List<String> endpoints,
      Optional<Tls> tls,
      String user,
      Optional<Path> passwordFile,
      Prefixes prefixes,
      String ids,
      boolean localWhenAway,
      long timeoutMs,
      long quarantineMs,
      int hostNames,
      int serviceNames) {
    static final Fleet DEFAULTS =
        new Fleet(
            "",
            List.of(),
            Optional.empty(),
            "",
            Optional.empty(),
            Prefixes.ALL,
            "0-47",
            false,
            2_000,
            Duration.ofDays(1).toMillis(),
            32,
            16);

    public Fleet {
      endpoints = List.copyOf(endpoints);
    }

    /** What a running daemon does not take on, by key. */
    Map<String, Object> fixed() {
      return new TreeMap<>(
          Map.of("name", name, "prefixes", prefixes, "ids", ids, "quarantine", quarantineMs));
    }

    /** This one, with what is fixed of the one that the daemon was started with. */
    public Fleet keeping(Fleet started) {
      return new Fleet(
          started.name,
          endpoints,
          tls,
          user,
          passwordFile,
          started.prefixes,
          started.ids,
          localWhenAway,
          timeoutMs,
          started.quarantineMs,
          hostNames,
          serviceNames);
    }

    public int firstId() {
      return Integer.parseInt(ids.substring(0, ids.indexOf('-')));
    }

    public int lastId() {
      return Integer.parseInt(ids.substring(ids.indexOf('-') + 1));
    }
  }

  /**
   * How etcd and this host prove to each other who they are.
   *
   * @param ca whom etcd's certificate has to be signed by
   * @param cert this host's; empty: it has none
   */
  public record Tls(Path ca, Optional<Path> cert, Optional<Path> key) {}

  public static Config defaults() {
    return new Config(
        Paths.DEFAULTS,
        Layout.SLOTTED,
        RegistryInfo.DEFAULT_AREA_BYTES,
        Duration.ofMinutes(10).toMillis(),
        new History(100_000, 90),
        Publish.ALL,
        Programs.KERNEL,
        List.of(),
        Access.DEFAULT,
        Monitoring.NONE);
  }

  /** Whether loaded programs are looked at. */
  public boolean looksAtPrograms() {
    return programs == Programs.KERNEL;
  }

  public Config withPaths(Paths newPaths) {
    return with(newPaths, programs, access, monitoring);
  }

  public Config withAccess(Access newAccess) {
    return with(paths, programs, newAccess, monitoring);
  }

  public Config withPrograms(Programs newPrograms) {
    return with(paths, newPrograms, access, monitoring);
  }

  public Config withMonitoring(Monitoring newMonitoring) {
    return with(paths, programs, access, newMonitoring);
  }

  private Config with(
      Paths newPaths, Programs newPrograms, Access newAccess, Monitoring newMonitoring) {
    return new Config(
        newPaths,
        layout,
        areaBytes,
        quarantineMs,
        history,
        publish,
        newPrograms,
        launchers,
        newAccess,
        newMonitoring,
        fleet);
  }
}
