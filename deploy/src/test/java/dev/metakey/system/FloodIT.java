package dev.metakey.system;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.v1.GetStatusRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Several connections send what HTTP/2 allows and nobody needs, as fast as the daemon takes it, and
 * read nothing. An honest client is served all the while, and the daemon ends no bigger after the
 * third time than after the first.
 */
class FloodIT {
  private static final int TIMES = 3;
  private static final int CONNECTIONS = 4;
  private static final long FLOOD_MS = 2_000;
  private static final int FRAMES_AT_ONCE = 64;
  private static final long MORE_KB = 12 << 10;
  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);
  private static final byte[] NOTHING = {};

  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int WINDOW_UPDATE = 8;
  private static final int CONTINUATION = 9;
  private static final int END_HEADERS = 4;

  @RegisterExtension final Host host = new Host();

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private DaemonProcess daemon;
  private Wiretap honest;
  private long served;

  @BeforeEach
  void start() throws Exception {
    daemon = host.start();
    honest = host.connect("edge");
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  /** CVE-2023-44487. */
  @Test
  void calls_whenEachIsResetAtOnce_keepNobodyFromBeingServed() throws Exception {
    flood(
        i ->
            joined(
                frame(HEADERS, END_HEADERS, 2 * i + 1, callOf("/metakey.v1.Registry/List")),
                frame(RST_STREAM, 0, 2 * i + 1, new byte[4])));
  }

  /** CVE-2024-27316 and its like: headers that never end. */
  @Test
  void headers_whenTheyNeverEnd_keepNobodyFromBeingServed() throws Exception {
    byte[] field = header("x-more", "y".repeat(100));
    byte[] more = joined(field, field, field, field);
    flood(i -> i == 0 ? openHeaders() : frame(CONTINUATION, 0, 1, more));
  }

  @Test
  void headers_whenTheyGoOnWithNothing_keepNobodyFromBeingServed() throws Exception {
    flood(i -> i == 0 ? openHeaders() : frame(CONTINUATION, 0, 1, NOTHING));
  }

  /** CVE-2019-9512. */
  @Test
  void pings_whenThereAreTooMany_keepNobodyFromBeingServed() throws Exception {
    flood(i -> frame(PING, 0, 0, new byte[8]));
  }

  /** CVE-2019-9515. */
  @Test
  void settings_whenThereAreTooMany_keepNobodyFromBeingServed() throws Exception {
    flood(i -> frame(SETTINGS, 0, 0, new byte[] {0, 3, 0, 0, 0, (byte) i}));
  }

  /** CVE-2019-9518. */
  @Test
  void data_whenItIsEmpty_keepsNobodyFromBeingServed() throws Exception {
    byte[] call = frame(HEADERS, END_HEADERS, 1, callOf("/metakey.v1.Registry/Register"));
    flood(i -> i == 0 ? call : frame(DATA, 0, 1, NOTHING));
  }

  /** CVE-2019-9511, CVE-2019-9517: what is sent is counted in windows. */
  @Test
  void windows_whenTheyGrowByteByByte_keepNobodyFromBeingServed() throws Exception {
    flood(i -> frame(WINDOW_UPDATE, 0, 0, new byte[] {0, 0, 0, 1}));
  }

  /** Slowloris: the connection is not worth its place for long. */
  @Test
  void bytes_whenTheyComeOneByOne_keepNobodyFromBeingServed() throws Exception {
    byte[] all = joined(PREFACE, frame(SETTINGS, 0, 0, NOTHING), openHeaders());
    List<Future<Boolean>> slow = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      slow.add(threads.submit(() -> isClosedWhileSending(all)));
    }
    serveUntilDone(slow);
    for (Future<Boolean> closed : slow) {
      assertThat(closed.get()).as("the daemon hangs up").isTrue();
    }
    requireWell();
  }

  /** Sends a byte a second, and then nothing; returns whether the daemon hung up. */
  private boolean isClosedWhileSending(byte[] bytes) throws Exception {
    try (SocketChannel channel = connect()) {
      for (byte one : bytes) {
        if (!isSent(channel, one)) {
          return true;
        }
        TimeUnit.SECONDS.sleep(1);
      }
      return false;
    }
  }

  private static boolean isSent(SocketChannel channel, byte one) {
    try {
      return channel.write(ByteBuffer.wrap(new byte[] {one})) == 1;
    } catch (IOException hungUp) {
      return false;
    }
  }

  private SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(host.socket()));
    return channel;
  }

  /**
   * @param frames the frames by number
   */
  private void flood(IntFunction<byte[]> frames) throws Exception {
    long firstKb = 0;
    long sent = 0;
    for (int time = 0; time < TIMES; time++) {
      List<Future<Long>> flooding = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS; i++) {
        flooding.add(threads.submit(() -> send(frames)));
      }
      serveUntilDone(flooding);
      for (Future<Long> connection : flooding) {
        sent += connection.get();
      }
      requireWell();
      if (time == 0) {
        firstKb = daemon.memoryKb("VmRSS");
      }
    }
    long mostKb = firstKb + MORE_KB;
    Host.await(
        "the daemon's memory is %d kB at most again".formatted(mostKb),
        () -> daemon.memoryKb("VmRSS") <= mostKb);
    System.out.printf(
        "flood: %d frames, %d honest calls served meanwhile, memory after the first time %d kB, at the end %d kB%n",
        sent, served, firstKb, daemon.memoryKb("VmRSS"));
  }

  private void serveUntilDone(List<? extends Future<?>> others) {
    do {
      honest.register(Wiretap.field("edge.n" + served % 20, 2));
      served++;
    } while (!others.stream().allMatch(Future::isDone));
  }

  private void requireWell() {
    Wiretap another = host.connect("tracer");
    assertThat(
            another.registry().getStatus(GetStatusRequest.getDefaultInstance()).getProblemsList())
        .isEmpty();
  }

  /** Sends until the daemon hangs up, or the time is over; returns how many frames it took. */
  private long send(IntFunction<byte[]> frames) throws IOException {
    long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(FLOOD_MS);
    int sent = 0;
    try (SocketChannel channel = connect()) {
      channel.configureBlocking(false);
      if (!isTaken(channel, joined(PREFACE, frame(SETTINGS, 0, 0, NOTHING)), endNs)) {
        return 0;
      }
      while (System.nanoTime() < endNs) {
        ByteArrayOutputStream next = new ByteArrayOutputStream();
        for (int i = 0; i < FRAMES_AT_ONCE; i++) {
          next.writeBytes(frames.apply(sent + i));
        }
        if (!isTaken(channel, next.toByteArray(), endNs)) {
          return sent;
        }
        sent += FRAMES_AT_ONCE;
      }
    }
    return sent;
  }

  private static boolean isTaken(SocketChannel channel, byte[] bytes, long endNs) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try {
      while (buffer.hasRemaining() && System.nanoTime() < endNs) {
        if (channel.write(buffer) == 0) {
          Thread.onSpinWait();
        }
      }
    } catch (IOException hungUp) {
      return false;
    }
    return !buffer.hasRemaining();
  }

  private static byte[] openHeaders() {
    return frame(HEADERS, 0, 1, callOf("/metakey.v1.Registry/List"));
  }

  private static byte[] callOf(String path) {
    return joined(
        header(":method", "POST"),
        header(":scheme", "http"),
        header(":path", path),
        header(":authority", "localhost"),
        header("content-type", "application/grpc"),
        header("te", "trailers"));
  }

  /** Literal, not indexed, with a new name. */
  private static byte[] header(String name, String value) {
    return joined(
        new byte[] {0, (byte) name.length()},
        name.getBytes(US_ASCII),
        new byte[] {(byte) value.length()},
        value.getBytes(US_ASCII));
  }

  private static byte[] frame(int kind, int flags, int stream, byte[] body) {
    ByteBuffer frame = ByteBuffer.allocate(9 + body.length);
    frame.put((byte) (body.length >> 16)).putShort((short) body.length);
    return frame.put((byte) kind).put((byte) flags).putInt(stream).put(body).array();
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
