package dev.metakey.server.config;

import dev.metakey.model.Durations;
import dev.metakey.model.Field;
import dev.metakey.model.Names;
import dev.metakey.server.domain.Prefixes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the section {@code fleet} of {@code metakeyd.yaml}; docs/fleet.md explains it:
 *
 * <pre>
 *   fleet:
 *     name: production
 *     endpoints: [etcd-1.example:2379, etcd-2.example:2379]
 *     tls: {ca: /etc/metakey/etcd-ca.pem, cert: /etc/metakey/host.pem, key: /etc/metakey/host.key}
 *     prefixes: [edge.]
 *     ids: 0-47
 * </pre>
 */
final class FleetSection {
  private static final List<String> KEYS =
      List.of(
          "name",
          "endpoints",
          "tls",
          "user",
          "password_file",
          "prefixes",
          "ids",
          "away",
          "timeout",
          "quarantine",
          "names_per_host",
          "names_per_service");
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_-]{0,62}");
  private static final Pattern ENDPOINT =
      Pattern.compile("([A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\]):([0-9]{1,5})");
  private static final Pattern IDS = Pattern.compile("([0-9]{1,2})-([0-9]{1,2})");
  private static final int MOST_ENDPOINTS = 16;

  private FleetSection() {}

  /** The fleet that the config names; what is wrong is noted there. */
  static Optional<Config.Fleet> read(YamlMap config) {
    YamlMap fleet = config.map("fleet", KEYS);
    if (!config.has("fleet")) {
      return Optional.empty();
    }
    Config.Fleet usual = Config.Fleet.DEFAULTS;
    List<String> endpoints = fleet.list("endpoints", FleetSection::endpoint);
    if (!fleet.has("name")) {
      fleet.note("name", "key 'name' is missing; it names the fleet, say production");
    }
    if (!fleet.has("endpoints") || fleet.isEmptyList("endpoints")) {
      fleet.note("endpoints", "where etcd is asked is missing; write [HOST:2379, ...]");
    }
    if (endpoints.size() > MOST_ENDPOINTS) {
      fleet.note("endpoints", "at most %d are allowed".formatted(MOST_ENDPOINTS));
    }
    String ids = fleet.get("ids", usual.ids(), FleetSection::ids);
    Config.Fleet read =
        new Config.Fleet(
            fleet.get("name", usual.name(), FleetSection::name),
            endpoints,
            tls(fleet),
            fleet.get("user", "", FleetSection::user),
            fleet.get("password_file", Optional.empty(), FleetSection::secret),
            prefixes(fleet),
            ids,
            fleet.get("away", usual.localWhenAway(), FleetSection::isLocal),
            fleet.get("timeout", usual.timeoutMs(), w -> millis(w, 100, 60_000)),
            fleet.get(
                "quarantine",
                usual.quarantineMs(),
                w -> millis(w, 1_000, Duration.ofDays(366).toMillis())),
            fleet.get("names_per_host", usual.hostNames(), FleetSection::names),
            fleet.get("names_per_service", usual.serviceNames(), FleetSection::names));
    if (read.user().isEmpty() != read.passwordFile().isEmpty()) {
      fleet.note("user", "'user' and 'password_file' belong together");
    }
    return Optional.of(read);
  }

  private static Optional<Config.Tls> tls(YamlMap fleet) {
    if (!fleet.has("tls")) {
      return Optional.empty();
    }
    YamlMap tls = fleet.map("tls", List.of("ca", "cert", "key"));
    Optional<Path> ca = tls.get("ca", Optional.empty(), FleetSection::file);
    Optional<Path> cert = tls.get("cert", Optional.empty(), FleetSection::file);
    Optional<Path> key = tls.get("key", Optional.empty(), FleetSection::secret);
    if (!tls.has("ca")) {
      tls.note("ca", "key 'ca' is missing: whom etcd's certificate has to be signed by");
    }
    if (tls.has("cert") != tls.has("key")) {
      tls.note("cert", "'cert' and 'key' belong together");
    }
    return ca.map(path -> new Config.Tls(path, cert, key));
  }

  private static String name(String word) {
    if (!NAME.matcher(word).matches()) {
      throw new IllegalArgumentException(
          "%s is no name of a fleet; allowed: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter"
              .formatted(Names.quote(word)));
    }
    return word;
  }

  private static String user(String word) {
    if (!word.matches("[!-~]{1,64}")) {
      throw new IllegalArgumentException(
          "%s is no name of a user; allowed: 1 to 64 characters without spaces"
              .formatted(Names.quote(word)));
    }
    return word;
  }

  private static String endpoint(String word) {
    Matcher parts = ENDPOINT.matcher(word);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "%s is not HOST:PORT, like etcd-1.example:2379, 10.0.0.1:2379 or [fd00::1]:2379 ('tls' says whether TLS is used)"
              .formatted(Names.quote(word)));
    }
    long unused = ConfigFile.number(parts.group(2), 1, 65_535);
    return word;
  }

  private static String ids(String word) {
    Matcher parts = IDS.matcher(word);
    if (!parts.matches()
        || Integer.parseInt(parts.group(1)) > Integer.parseInt(parts.group(2))
        || Integer.parseInt(parts.group(2)) > 63) {
      throw new IllegalArgumentException(
          "%s is no range of ids; write one like 0-47, within 0-63".formatted(Names.quote(word)));
    }
    return word;
  }

  private static int names(String word) {
    return (int) ConfigFile.number(word, 1, Field.IDS);
  }

  private static boolean isLocal(String word) {
    if (!word.equals("refuse") && !word.equals("local")) {
      throw new IllegalArgumentException(
          "%s is neither 'refuse' nor 'local'".formatted(Names.quote(word)));
    }
    return word.equals("local");
  }

  private static long millis(String word, long leastMs, long mostMs) {
    long ms = Durations.parse(word).toMillis();
    if (ms < leastMs || ms > mostMs) {
      throw new IllegalArgumentException(
          "%s is out of range; allowed: %s to %s"
              .formatted(word, Durations.text(leastMs), Durations.text(mostMs)));
    }
    return ms;
  }

  private static Prefixes prefixes(YamlMap fleet) {
    if (!fleet.has("prefixes")) {
      return Prefixes.ALL;
    }
    List<String> words = fleet.valueOrList("prefixes", PolicySection::prefix);
    if (words.contains("all") || words.contains("none")) {
      if (words.size() > 1 || words.contains("none")) {
        fleet.note("prefixes", "write all alone, or what names begin with, like [edge.]");
      }
      return Prefixes.ALL;
    }
    if (fleet.isEmptyList("prefixes")) {
      fleet.note("prefixes", "an empty list leaves the fleet no name; leave it out for all names");
    }
    return new Prefixes(false, words);
  }

  private static Optional<Path> file(String word) {
    Path path = ConfigFile.path(word);
    if (!Files.isRegularFile(path)) {
      throw new IllegalArgumentException("%s is no file".formatted(Names.quote(word)));
    }
    return Optional.of(path);
  }

  /** A file that nobody else may read. */
  private static Optional<Path> secret(String word) {
    Optional<Path> file = file(word);
    try {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file.orElseThrow());
      if (mode.contains(PosixFilePermission.OTHERS_READ)) {
        throw new IllegalArgumentException(
            "%s can be read by everybody; 'chmod o-r %s' keeps it secret".formatted(word, word));
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("%s cannot be looked at".formatted(word), e);
    }
    return file;
  }
}
