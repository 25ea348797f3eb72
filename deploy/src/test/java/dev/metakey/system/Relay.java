package dev.metakey.system;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A socket whose connections a small process of its own passes on to the daemon: so the daemon
 * takes whoever calls there for that process, with its uid, cgroup and namespaces. That costs a
 * tenth of running {@code metakey} there.
 */
final class Relay implements AutoCloseable {
  private static final String SCRIPT =
      """
      use Socket;
      socket(my $daemon, AF_UNIX, SOCK_STREAM, 0) or die $!;
      connect($daemon, pack_sockaddr_un($ARGV[0])) or die $!;
      while (1) {
        my $ready = '';
        vec($ready, fileno($_), 1) = 1 for \\*STDIN, $daemon;
        select($ready, undef, undef, undef);
        for ([\\*STDIN, $daemon], [$daemon, \\*STDOUT]) {
          next unless vec($ready, fileno($_->[0]), 1);
          sysread($_->[0], my $part, 65536) or exit;
          syswrite($_->[1], $part) or exit;
        }
      }
      """;

  private static final int PART = 65_536;

  /** Wraps a command so that it runs as somebody, or somewhere. */
  interface Place {
    ProcessBuilder of(List<String> command) throws IOException;
  }

  private final Path path;
  private final ServerSocketChannel server;
  private final List<Process> processes = new ArrayList<>();

  /**
   * @param path where it listens
   * @param daemon where the other process connects to
   * @param place where and as whom the other process runs
   */
  Relay(Path path, Path daemon, Place place) throws IOException {
    this.path = path;
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    List<String> command = List.of("perl", "-e", SCRIPT, daemon.toString());
    start(() -> accept(place, command));
  }

  private void accept(Place place, List<String> command) throws IOException {
    while (true) {
      SocketChannel caller = server.accept();
      Process process = place.of(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      synchronized (processes) {
        processes.add(process);
      }
      start(() -> ask(caller, process.getOutputStream()));
      start(() -> answer(process.getInputStream(), caller));
    }
  }

  /** The streams of a channel itself would let nobody write while somebody reads. */
  private static void ask(SocketChannel caller, OutputStream process) throws IOException {
    ByteBuffer part = ByteBuffer.allocate(PART);
    while (caller.read(part) >= 0) {
      process.write(part.array(), 0, part.position());
      process.flush();
      part.clear();
    }
    process.close();
  }

  private static void answer(InputStream process, SocketChannel caller) throws IOException {
    try (caller) {
      byte[] part = new byte[PART];
      for (int length = process.read(part); length >= 0; length = process.read(part)) {
        ByteBuffer answer = ByteBuffer.wrap(part, 0, length);
        while (answer.hasRemaining()) {
          caller.write(answer);
        }
      }
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  private static void start(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException hungUp) {
                // One of the two ends has gone; the other is closed too.
              }
            },
            "relay");
    thread.setDaemon(true);
    thread.start();
  }

  /** Ends the processes too. */
  @Override
  public void close() throws IOException, InterruptedException {
    server.close();
    synchronized (processes) {
      for (Process process : processes) {
        process.destroyForcibly().waitFor();
      }
    }
    Files.delete(path);
  }
}
