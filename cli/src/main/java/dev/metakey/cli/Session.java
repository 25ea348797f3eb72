package dev.metakey.cli;

import dev.metakey.cli.print.Terminal;
import dev.metakey.client.MetakeyClient;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A connection for one run. A signal closes it too: otherwise a thread that waits in the kernel
 * would hold the exit for 300 ms.
 */
final class Session implements AutoCloseable {
  /** netty warns of an option that unix sockets do not have. Held, or its level would be lost. */
  private static final Logger NETTY =
      Logger.getLogger("io.grpc.netty.shaded.io.netty.bootstrap.Bootstrap");

  private final MetakeyClient client;
  private final Thread onSignal;

  private Session(Terminal terminal, MetakeyClient client) {
    this.client = client;
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
    NETTY.setLevel(Level.SEVERE);
    Logger.getLogger("").setLevel(Level.WARNING);
    MetakeyClient.Builder builder =
        MetakeyClient.builder().connectTimeout(patience).acceptStaleStart(staleWillDo);
    if (options.timeout != null) {
      builder.connectTimeout(options.timeout).callTimeout(options.timeout);
    }
    if (options.socket != null) {
      builder.socket(options.socket);
    }
    if (options.service != null) {
      builder.service(options.service);
    }
    Session session = new Session(options.terminal, builder.connect());
    Runtime.getRuntime().addShutdownHook(session.onSignal);
    return session;
  }

  MetakeyClient client() {
    return client;
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(onSignal);
    } catch (IllegalStateException exiting) {
      return; // the hook closes it
    }
    client.close();
  }
}
