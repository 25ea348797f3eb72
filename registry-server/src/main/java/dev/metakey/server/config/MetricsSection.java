package dev.metakey.server.config;

import dev.metakey.model.Names;
import dev.metakey.model.Words;
import dev.metakey.server.log.LogSettings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the section {@code metrics} of {@code metakeyd.yaml}; docs/monitoring.md explains it:
 *
 * <pre>
 *   metrics:
 *     listen: 127.0.0.1:9464
 *     page: public
 * </pre>
 *
 * Only this host can reach a loopback address: the answers name services and users, and nobody is
 * asked who they are.
 */
final class MetricsSection {
  private static final String UNIX = "unix:";
  private static final Pattern LOOPBACK =
      Pattern.compile("(localhost|127(?:\\.[0-9]{1,3}){3}|\\[::1\\]):([0-9]{1,5})");
  private static final String ALLOWED =
      "allowed: 127.0.0.1:9464 and other ports and addresses of the loopback device ([::1]:9464, localhost:9464), or unix:/run/metakey/metrics.sock";

  private MetricsSection() {}

  /**
   * What the config has served, and where. What is wrong is noted there.
   *
   * @param log what else the daemon shows of itself
   */
  static Config.Monitoring read(YamlMap config, LogSettings log) {
    YamlMap metrics = config.map("metrics", List.of("listen", "page"));
    Optional<SocketAddress> listen =
        metrics.get("listen", Optional.empty(), word -> Optional.of(address(word)));
    Config.Page page =
        metrics.get("page", Config.Page.OFF, word -> Words.parse(Config.Page.class, "page", word));
    if (page != Config.Page.OFF && !metrics.has("listen")) {
      metrics.note("page", "it is served where 'listen' says, and that is missing");
    }
    return new Config.Monitoring(listen, page, log);
  }

  private static SocketAddress address(String word) {
    if (word.startsWith(UNIX)) {
      return UnixDomainSocketAddress.of(ConfigFile.path(word.substring(UNIX.length())));
    }
    Matcher parts = LOOPBACK.matcher(word);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "%s is no place to listen that only this host can reach; %s"
              .formatted(Names.quote(word), ALLOWED));
    }
    int port = (int) ConfigFile.number(parts.group(2), 1, 65_535);
    return new InetSocketAddress(literal(parts.group(1)), port);
  }

  /** Looks nothing up. */
  private static InetAddress literal(String host) {
    try {
      return InetAddress.getByName(host.equals("localhost") ? "127.0.0.1" : host);
    } catch (UnknownHostException e) { // 127.0.0.999
      throw new IllegalArgumentException("%s is not an address".formatted(Names.quote(host)), e);
    }
  }
}
