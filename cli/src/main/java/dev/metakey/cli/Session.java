package dev.metakey.cli;

import dev.metakey.cli.print.Terminal;
import dev.metakey.client.ClientBuilder;
import dev.metakey.client.MetakeyClient;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A connection for one run. A signal closes it too: otherwise a thread that waits in the kernel
 * would hold the exit for 300 ms.
 */
final class Session implements AutoCloseable {
  /** The longest that anything may wait. */
  static final Duration LONGEST = Duration.ofHours(24);

  /** Held here, as a logger that nobody holds forgets its level. */
  private static final Logger GOAWAY =
      Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty.NettyClientHandler");

  private final MetakeyClient client;
  private final SlowNotice notice;
  private final Thread onSignal;

  private Session(Terminal terminal, MetakeyClient client, SlowNotice notice) {
    this.client = client;
    this.notice = notice;
    this.onSignal =
        new Thread(
            () -> {
              terminal.silence();
              client.close();
            },
            "metakey-exit");
  }

  /**
   * Connects.
   *
   * @param patience how long a daemon may take to come up
   * @param staleWillDo whether the published file is enough
   */
  static Session open(Metakey options, Duration patience, boolean staleWillDo) {
    Logger.getLogger("").setLevel(Level.WARNING); // less concerns no user of a command
    GOAWAY.setLevel(Level.SEVERE); // the client says it in its own words
    ClientBuilder builder =
        MetakeyClient.builder().connectTimeout(patience).acceptStaleStart(staleWillDo);
    if (options.timeout != null) {
      builder.connectTimeout(inRange(options.timeout)).callTimeout(options.timeout);
    }
    if (options.socket != null) {
      builder.socket(options.socket);
    }
    builder.service(CallingService.of(options).name());
    SlowNotice notice = new SlowNotice(options.terminal);
    try {
      Session session = new Session(options.terminal, builder.connect(), notice);
      Runtime.getRuntime().addShutdownHook(session.onSignal);
      return session;
    } catch (RuntimeException e) {
      notice.close();
      throw e;
    }
  }

  private static Duration inRange(Duration timeout) {
    if (timeout.isZero() || timeout.compareTo(LONGEST) > 0) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST, "--timeout is out of range; allowed: 1ms to 24h");
    }
    return timeout;
  }

  MetakeyClient client() {
    return client;
  }

  /** From now on a long silence is expected, so the user is not told of it. */
  Session expectingToWait() {
    notice.close();
    return this;
  }

  @Override
  public void close() {
    notice.close();
    try {
      Runtime.getRuntime().removeShutdownHook(onSignal);
    } catch (IllegalStateException exiting) {
      return; // the hook closes it
    }
    client.close();
  }
}
