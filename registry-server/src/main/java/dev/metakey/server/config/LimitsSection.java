package dev.metakey.server.config;

import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Limits.Bound;
import java.util.List;

/**
 * Reads the section {@code limits} of {@code metakeyd.yaml}; docs/operating.md explains it:
 *
 * <pre>
 *   limits:
 *     connections: {uid: 256, all: 1024}
 *     calls_a_second: 5000
 * </pre>
 *
 * The ranges leave room in the memory that the launcher gives the daemon.
 */
final class LimitsSection {
  private static final List<String> KEYS =
      List.of("connections", "calls", "calls_a_second", "waits", "watches", "unread_bytes");
  private static final long MIB = 1L << 20;

  private LimitsSection() {}

  /** The limits that the config has; what is wrong is noted there. */
  static Limits read(YamlMap config) {
    YamlMap limits = config.map("limits", KEYS);
    Limits usual = Limits.DEFAULTS;
    return new Limits(
        bound(limits, "connections", usual.connections(), 16, 4_096),
        bound(limits, "calls", usual.calls(), 64, 16_384),
        usual.arriving(),
        bound(limits, "unread_bytes", usual.unreadBytes(), 6 * MIB, 24 * MIB),
        bound(limits, "waits", usual.waits(), 16, 8_192),
        bound(limits, "watches", usual.watches(), 16, 16_384),
        usual.queued(),
        limits.get(
            "calls_a_second",
            usual.callsPerSecond(),
            word -> (int) ConfigFile.number(word, 10, 1_000_000)),
        usual.each());
  }

  /** Where only the total is given, a uid and the admins have the same parts of it as usual. */
  private static Bound bound(
      YamlMap limits, String key, Bound usual, long leastInAll, long mostInAll) {
    YamlMap map = limits.map(key, List.of("uid", "all"));
    long all =
        map.get("all", usual.total(), word -> ConfigFile.number(word, leastInAll, mostInAll));
    Bound scaled = usual.scaledTo(all);
    long least = leastInAll / 16;
    long most = all - scaled.reserve();
    return scaled.withPerUid(
        map.get("uid", scaled.perUid(), word -> ConfigFile.number(word, least, most)));
  }
}
