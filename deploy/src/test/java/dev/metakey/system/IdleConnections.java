package dev.metakey.system;

import java.io.File;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A program that opens connections which begin HTTP/2 and ask nothing. It opens each anew that is
 * closed, until its input ends.
 */
final class IdleConnections {
  private static final byte[] GREETING =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(StandardCharsets.US_ASCII);

  /** So many in a turn: the daemon is to be full, not to have no time. */
  private static final int AT_ONCE = 20;

  private final UnixDomainSocketAddress socket;
  private final List<SocketChannel> open = new ArrayList<>();

  private IdleConnections(Path socket) {
    this.socket = UnixDomainSocketAddress.of(socket);
  }

  /** The command that runs it as nobody. */
  static ProcessBuilder asNobody(Path socket, int connections) throws IOException {
    List<String> command = Requires.nobody();
    command.addAll(java(IdleConnections.class, socket.toString(), Integer.toString(connections)));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
  }

  /** The words that run a program of the tests. */
  static List<String> java(Class<?> program, String... args) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classes().toString(),
                program.getName()));
    command.addAll(List.of(args));
    return command;
  }

  private static File classes() {
    try {
      return new File(
          IdleConnections.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * @param args the socket, and how many connections
   */
  public static void main(String[] args) throws Exception {
    IdleConnections connections = new IdleConnections(Path.of(args[0]));
    int many = Integer.parseInt(args[1]);
    while (System.in.available() == 0) {
      connections.forgetClosed();
      connections.openSome(many);
      System.out.println(connections.open.size());
      Thread.sleep(100);
    }
  }

  private void openSome(int most) {
    try {
      for (int i = 0; i < AT_ONCE && open.size() < most; i++) {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        open.add(channel);
        channel.connect(socket);
        channel.write(ByteBuffer.wrap(GREETING));
        channel.configureBlocking(false);
      }
    } catch (IOException notNow) {
      // The daemon has hung up, or the kernel keeps no more of them waiting.
    }
  }

  private void forgetClosed() throws IOException {
    for (SocketChannel channel : List.copyOf(open)) {
      if (isClosed(channel)) {
        channel.close();
        open.remove(channel);
      }
    }
  }

  private static boolean isClosed(SocketChannel channel) {
    try {
      ByteBuffer said = ByteBuffer.allocate(1_000);
      int bytes = channel.read(said);
      while (bytes > 0) {
        bytes = channel.read(said.clear());
      }
      return bytes < 0;
    } catch (IOException hungUp) {
      return true;
    }
  }
}
