package dev.metakey.system;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A program that connects and closes as fast as it can, until it is killed. Of every thousandth
 * connection it prints what the daemon said on it.
 */
final class ConnectingAgain {
  private static final int THREADS = 4;
  private static final int LISTENS = 1_000;

  private final UnixDomainSocketAddress socket;
  private final AtomicInteger opened = new AtomicInteger();

  private ConnectingAgain(Path socket) {
    this.socket = UnixDomainSocketAddress.of(socket);
  }

  /** The command that runs it as nobody. */
  static ProcessBuilder asNobody(Path socket) throws IOException {
    List<String> command = Requires.nobody();
    command.addAll(IdleConnections.java(ConnectingAgain.class, socket.toString()));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
  }

  /**
   * @param args the socket
   */
  public static void main(String[] args) {
    ConnectingAgain again = new ConnectingAgain(Path.of(args[0]));
    for (int i = 0; i < THREADS; i++) {
      new Thread(again::run).start();
    }
  }

  private void run() {
    while (true) {
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        channel.connect(socket);
        if (opened.incrementAndGet() % LISTENS == 0) {
          System.out.println(said(channel));
        }
      } catch (IOException notNow) {
        // The kernel keeps no more of them waiting, or the daemon has hung up.
      }
    }
  }

  /** What is said first: the settings of HTTP/2, or why the connection is refused. */
  private static String said(SocketChannel channel) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(1_000);
    channel.read(bytes);
    return UTF_8.decode(bytes.flip()).toString().replaceAll("\\p{Cntrl}", " ");
  }
}
