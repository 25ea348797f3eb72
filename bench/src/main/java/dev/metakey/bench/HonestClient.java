package dev.metakey.bench;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A client that asks for little, and measures how long each answer takes. For each line {@code N
 * MILLISECONDS} that it reads, it makes N of each {@link Kind} of call, or as many as it can begin
 * in that time, prints a line {@code KIND NANOSECONDS} for each, and then {@code done}.
 */
final class HonestClient {
  /** What is measured. */
  enum Kind {
    RESOLVE("resolve"),
    REGISTER("register"),
    CONNECT("connect and resolve");

    final String words;

    Kind(String words) {
      this.words = words;
    }
  }

  /** Is printed when all that was asked for is measured. */
  static final String DONE = "done";

  private static final int NAMES = 8;
  private static final String KNOWN = "honest.known";

  private final Path socket;
  private final Connection connection;
  private final StringBuilder out = new StringBuilder();

  private HonestClient(Path socket) {
    this.socket = socket;
    this.connection = connect();
    connection.call(Op.CLAIM, KNOWN);
  }

  private Connection connect() {
    return new GrpcConnection(Sockets.connect(socket), Metakey::request);
  }

  /**
   * @param args the socket
   */
  public static void main(String[] args) throws IOException {
    HonestClient client = new HonestClient(Path.of(args[0]));
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    String order = orders.readLine();
    while (order != null) {
      String[] words = order.split(" ", -1);
      client.measure(Integer.parseInt(words[0]), Long.parseLong(words[1]));
      order = orders.readLine();
    }
    System.exit(0); // netty's threads would keep the JVM alive
  }

  private void measure(int calls, long mostMs) {
    long startNs = System.nanoTime();
    long mostNs = TimeUnit.MILLISECONDS.toNanos(mostMs);
    for (int i = 0; i < calls && System.nanoTime() - startNs < mostNs; i++) {
      String name = "honest.n" + i % NAMES;
      time(Kind.RESOLVE, () -> connection.call(Op.LOOK_UP, KNOWN));
      time(Kind.REGISTER, () -> connection.call(Op.CLAIM, name));
      connection.call(Op.RELEASE, name);
      time(Kind.CONNECT, this::connectAndResolve);
    }
    System.out.print(out.append(DONE).append('\n'));
    System.out.flush();
    out.setLength(0);
  }

  private void connectAndResolve() {
    boolean answered = false;
    while (!answered) {
      try (Connection another = connect()) {
        another.call(Op.LOOK_UP, KNOWN);
        answered = true;
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() != Status.Code.UNAVAILABLE) { // more wait than may connect
          throw e;
        }
      }
    }
  }

  private void time(Kind kind, Runnable call) {
    long startNs = System.nanoTime();
    call.run();
    out.append(kind.name()).append(' ').append(System.nanoTime() - startNs).append('\n');
  }
}
