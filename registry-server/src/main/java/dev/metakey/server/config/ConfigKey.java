package dev.metakey.server.config;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * A key of {@code metakeyd.yaml}. These are all; metakeyd.yaml(5) explains them.
 *
 * @param reloads whether a running daemon takes another value on when the file is read again;
 *     otherwise that counts from the next start
 * @param value what the config has under the key; two of them can be compared. A map: what is fixed
 *     under a key of which the rest is taken on
 */
public record ConfigKey(String name, boolean reloads, Function<Config, Object> value) {
  public static final List<ConfigKey> ALL =
      List.of(
          fixed("socket", config -> config.paths().socket()),
          fixed("data", config -> config.paths().data()),
          fixed("run", config -> config.paths().run()),
          fixed("bpffs", config -> config.paths().bpffs()),
          fixed("layout", Config::layout),
          fixed("area", Config::areaBytes),
          reloaded("quarantine", Config::quarantineMs),
          fixed("history", Config::history),
          fixed("publish", Config::publish),
          fixed("programs", Config::programs),
          reloaded("launchers", Config::launchers),
          reloaded("policy", config -> config.access().policy()),
          fixed("socket_access", config -> config.access().socket()),
          fixed("limits", config -> config.access().limits()),
          fixed(
              "metrics",
              config -> List.of(config.monitoring().metrics(), config.monitoring().page())),
          fixed("fleet", config -> config.fleet().map(Config.Fleet::fixed).orElse(Map.of())),
          reloaded("log", config -> config.monitoring().log()));

  private static ConfigKey fixed(String name, Function<Config, Object> value) {
    return new ConfigKey(name, false, value);
  }

  private static ConfigKey reloaded(String name, Function<Config, Object> value) {
    return new ConfigKey(name, true, value);
  }

  /** What of it two configs have otherwise: the key itself, or some of the keys under it. */
  public List<String> changed(Config one, Config other) {
    if (isSame(one, other)) {
      return List.of();
    }
    return value.apply(one) instanceof Map<?, ?> mine
            && value.apply(other) instanceof Map<?, ?> theirs
            && mine.keySet().equals(theirs.keySet())
        ? mine.keySet().stream()
            .filter(key -> !Objects.equals(mine.get(key), theirs.get(key)))
            .map(key -> name + "." + key)
            .toList()
        : List.of(name);
  }

  /** Whether two configs have the same under it. */
  public boolean isSame(Config one, Config other) {
    return value.apply(one).equals(value.apply(other));
  }
}
