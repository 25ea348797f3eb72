package dev.metakey.bench;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A server that is measured, on a unix socket, with its data in a directory of its own: metakeyd,
 * or what people would use instead. May be started again on the data of an earlier start.
 */
abstract class Server implements AutoCloseable {
  private static final long START_S = 60;
  private static final String ABSENT = "bench.absent";

  final Children children;
  final Path directory;
  private final String name;
  private @Nullable Process process;

  /**
   * @param directory where it runs, and has its data
   */
  Server(String name, Children children, Path directory) throws IOException {
    this.name = name;
    this.children = children;
    this.directory = Files.createDirectories(directory);
  }

  final String name() {
    return name;
  }

  abstract Path socket();

  abstract List<String> command() throws IOException;

  Map<String, String> environment() {
    return Map.of();
  }

  /** A connection for one caller. */
  abstract Connection connect() throws IOException;

  /**
   * A connection that shares a thread with others.
   *
   * @param client the number of the client; 0 for the first
   */
  abstract AsyncConnection connectAsync(int client) throws IOException;

  /** What the client with this number, 0 for the first, may claim without meeting another. */
  String nameFor(int client) {
    return "bench.client_" + client;
  }

  /** How many clients may claim at once. */
  int mostClaiming() {
    return Integer.MAX_VALUE;
  }

  /** Makes ready for clients that claim what {@link #nameFor} says. */
  void prepare() throws IOException {}

  /**
   * Connects, and watches a name from then on.
   *
   * @param told run when it watches, and then at each change
   */
  AutoCloseable watch(String name, Runnable told) throws IOException {
    throw new UnsupportedOperationException(this.name + " has nothing to watch");
  }

  /** Changes a watched name. */
  void change(Connection connection, String name, int turn) {
    connection.call(turn % 2 == 0 ? Op.CLAIM : Op.RELEASE, name);
  }

  /**
   * Starts it.
   *
   * @return nanoseconds until it answered a look-up
   * @throws IOException if it does not start, telling why
   */
  final long start() throws IOException, InterruptedException {
    Files.deleteIfExists(socket());
    List<String> command = command();
    long startNs = System.nanoTime();
    process = children.run(directory, environment(), command);
    awaitConnect(startNs);
    try (Connection connection = connect()) {
      while (!answers(connection)) {
        pause(startNs);
      }
    }
    return System.nanoTime() - startNs;
  }

  private void awaitConnect(long startNs) throws IOException, InterruptedException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(socket());
    while (true) {
      try {
        SocketChannel.open(address).close();
        return;
      } catch (IOException notYet) {
        pause(startNs);
      }
    }
  }

  private void pause(long startNs) throws IOException, InterruptedException {
    boolean late = System.nanoTime() - startNs > TimeUnit.SECONDS.toNanos(START_S);
    if (late || !process().isAlive()) {
      throw new IOException(
          "%s does not serve on %s. What it wrote last:%n%s"
              .formatted(name, socket(), children.lastLines()));
    }
    Thread.sleep(1);
  }

  /** Whether it answers; that there is no such name is an answer too. */
  private static boolean answers(Connection connection) {
    try {
      connection.call(Op.LOOK_UP, ABSENT);
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode() == Status.Code.NOT_FOUND;
    } catch (IllegalStateException e) {
      return true;
    }
    return true;
  }

  final Process process() {
    return Objects.requireNonNull(process, "not started");
  }

  /** Ends it, in order. */
  final void stop() throws InterruptedException {
    children.end(process());
    process = null;
  }

  @Override
  public final void close() throws InterruptedException {
    if (process != null) {
      stop();
    }
  }
}
