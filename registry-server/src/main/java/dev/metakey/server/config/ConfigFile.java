package dev.metakey.server.config;

import dev.metakey.model.Durations;
import dev.metakey.model.Layout;
import dev.metakey.model.Names;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Words;
import dev.metakey.server.files.SocketAccess;
import dev.metakey.server.log.LogFormat;
import dev.metakey.server.log.LogLevel;
import dev.metakey.server.log.LogSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads {@code metakeyd.yaml}. Every key is optional; metakeyd.yaml(5) explains them. */
public final class ConfigFile {
  private static final List<String> KEYS = ConfigKey.ALL.stream().map(ConfigKey::name).toList();

  private ConfigFile() {}

  /** Reads what can be used; each fault names file and line. */
  public static Read<Config> read(Path file) {
    List<String> faults = new ArrayList<>();
    Config config = config(file, YamlMap.read(file, KEYS, faults));
    return new Read<>(config, faults);
  }

  private static Config config(Path file, YamlMap yaml) {
    Config defaults = Config.defaults();
    Config.Paths paths = defaults.paths();
    YamlMap history = yaml.map("history", List.of("keep", "days", "journal"));
    YamlMap publish = yaml.map("publish", List.of("keys", "registry.bin", "tag"));
    return new Config(
        new Config.Paths(
            yaml.get("socket", paths.socket(), ConfigFile::path),
            yaml.get("data", paths.data(), ConfigFile::path),
            yaml.get("run", paths.run(), ConfigFile::path),
            yaml.get("bpffs", paths.bpffs(), ConfigFile::bpffs),
            file.toAbsolutePath().normalize().resolveSibling("keys.d")),
        yaml.get("layout", defaults.layout(), w -> Words.parse(Layout.class, "layout", w)),
        yaml.get("area", defaults.areaBytes(), ConfigFile::area),
        yaml.get("quarantine", defaults.quarantineMs(), word -> Durations.parse(word).toMillis()),
        new Config.History(
            history.get("keep", defaults.history().keep(), w -> number(w, 1, 100_000_000)),
            history.get("days", defaults.history().days(), w -> (int) number(w, 1, 36_500)),
            history.get("journal", false, ConfigFile::yesOrNo)),
        new Config.Publish(
            publish.get("keys", true, ConfigFile::yesOrNo),
            publish.get("registry.bin", true, ConfigFile::yesOrNo),
            publish.get("tag", true, ConfigFile::yesOrNo)),
        yaml.get("programs", defaults.programs(), Config.Programs::parse),
        yaml.list("launchers", ConfigFile::launcher),
        new Config.Access(PolicySection.read(yaml), socketAccess(yaml), LimitsSection.read(yaml)),
        MetricsSection.read(yaml, log(yaml)),
        FleetSection.read(yaml));
  }

  /** Where it is wrong, nobody else gets in: it may have been meant to keep somebody out. */
  private static SocketAccess socketAccess(YamlMap yaml) {
    YamlMap map = yaml.map("socket_access", List.of("owner", "group", "mode"));
    SocketAccess access =
        new SocketAccess(
            map.get("owner", "", SocketAccess::checkOwner),
            map.get("group", "", SocketAccess::checkGroup),
            map.get("mode", SocketAccess.EVERYBODY.mode(), SocketAccess::parseMode));
    return map.isSound() ? access : SocketAccess.CLOSED;
  }

  private static LogSettings log(YamlMap yaml) {
    YamlMap log = yaml.map("log", List.of("level", "format"));
    LogSettings usual = LogSettings.DEFAULTS;
    return new LogSettings(
        log.get("level", usual.level(), w -> Words.parse(LogLevel.class, "level", w)),
        log.get("format", usual.format(), w -> Words.parse(LogFormat.class, "format", w)));
  }

  private static String launcher(String word) {
    boolean isOneStar = word.indexOf('*') == word.lastIndexOf('*');
    if (!isOneStar || word.startsWith("*.") || !Names.isUnit(word.replace('*', 'x'))) {
      throw new IllegalArgumentException(
          "%s is not a unit; write names like ci-runner.service or ci-runner@*.service, with one * at most"
              .formatted(Names.quote(word)));
    }
    return word;
  }

  static Path path(String word) {
    if (!word.startsWith("/") || word.indexOf(0) >= 0) {
      throw new IllegalArgumentException("%s is not an absolute path".formatted(Names.quote(word)));
    }
    return Path.of(word);
  }

  private static String bpffs(String word) {
    return word.equals("none") ? word : path(word).toString();
  }

  static boolean yesOrNo(String word) {
    if (!word.equals("true") && !word.equals("false")) {
      throw new IllegalArgumentException(
          "%s is neither true nor false".formatted(Names.quote(word)));
    }
    return word.equals("true");
  }

  private static int area(String word) {
    int area = (int) number(word, RegistryInfo.MIN_AREA_BYTES, RegistryInfo.MAX_AREA_BYTES);
    if (area % 8 != 0) {
      throw new IllegalArgumentException(
          "%d is not a multiple of 8; the nearest are %d and %d"
              .formatted(area, area / 8 * 8, area / 8 * 8 + 8));
    }
    return area;
  }

  static long number(String word, long min, long max) {
    long number;
    try {
      number = Long.parseLong(word);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("%s is not a number".formatted(Names.quote(word)), e);
    }
    if (number < min || number > max) {
      throw new IllegalArgumentException(
          "%d is out of range; allowed: %d to %d".formatted(number, min, max));
    }
    return number;
  }
}
