package dev.metakey.server.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Limits.Bound;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.function.Predicate;

/** Raw HTTP/2 on the socket, as a hostile client sends it: frame by frame, and never an ack. */
final class Raw implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int GOAWAY = 7;
  static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;

  private final SocketChannel channel;

  /** A frame that came. */
  record Frame(int kind, int flags, int stream, String text) {
    boolean ends() {
      return kind == RST_STREAM || (kind == HEADERS && (flags & END_STREAM) != 0);
    }
  }

  private Raw(SocketChannel channel) {
    this.channel = channel;
  }

  /** The default limits, except for what one connection may do. */
  static Limits limits(Limits.Connection each) {
    Limits all = Limits.DEFAULTS;
    return new Limits(
        all.connections(),
        all.calls(),
        all.arriving(),
        all.unreadBytes(),
        all.waits(),
        all.watches(),
        all.queued(),
        all.callsPerSecond(),
        each);
  }

  /** The default limits, except for the connections and what each of them may do. */
  static Limits limits(Bound connections, Limits.Connection each) {
    Limits all = limits(each);
    return new Limits(
        connections,
        all.calls(),
        all.arriving(),
        all.unreadBytes(),
        all.waits(),
        all.watches(),
        all.queued(),
        all.callsPerSecond(),
        each);
  }

  /** Connects, and says what HTTP/2 begins with. */
  static Raw open(Path socket, byte... settings) throws IOException {
    Raw raw = new Raw(SocketChannel.open(StandardProtocolFamily.UNIX));
    raw.channel.connect(UnixDomainSocketAddress.of(socket));
    try {
      raw.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
      raw.send(SETTINGS, 0, 0, settings);
    } catch (IOException refused) {
      // what the daemon said before it closed can still be read
    }
    return raw;
  }

  /** INITIAL_WINDOW_SIZE 0, which tells the daemon to send nothing. */
  static byte[] zeroWindow() {
    return new byte[] {0, 4, 0, 0, 0, 0};
  }

  void send(int kind, int flags, int stream, byte... body) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(9 + body.length);
    frame.put((byte) (body.length >> 16)).putShort((short) body.length);
    frame.put((byte) kind).put((byte) flags).putInt(stream).put(body);
    write(frame.array());
  }

  /** Begins a call; more headers come in pairs of name and value. */
  void call(int stream, String path, String... more) throws IOException {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    header(block, ":method", "POST");
    header(block, ":scheme", "http");
    header(block, ":path", path);
    header(block, ":authority", "localhost");
    header(block, "content-type", "application/grpc");
    header(block, "te", "trailers");
    for (int i = 0; i < more.length; i += 2) {
      header(block, more[i], more[i + 1]);
    }
    send(HEADERS, END_HEADERS, stream, block.toByteArray());
  }

  /** A whole request, as gRPC puts it. */
  void message(int stream, byte... message) throws IOException {
    ByteBuffer framed = ByteBuffer.allocate(5 + message.length);
    framed.put((byte) 0).putInt(message.length).put(message);
    send(DATA, END_STREAM, stream, framed.array());
  }

  private static void header(ByteArrayOutputStream block, String name, String value) {
    block.write(0); // literal, not indexed, new name
    block.write(name.length());
    block.writeBytes(name.getBytes(US_ASCII));
    block.write(value.length());
    block.writeBytes(value.getBytes(US_ASCII));
  }

  void write(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      int unused = channel.write(buffer);
    }
  }

  /** The next frame that is wanted; null if the daemon has closed the connection. */
  Frame await(Predicate<Frame> wanted) throws IOException {
    for (Frame frame = read(); frame != null; frame = read()) {
      if (wanted.test(frame)) {
        return frame;
      }
    }
    return null;
  }

  private Frame read() throws IOException {
    ByteBuffer head = ByteBuffer.allocate(9);
    if (!fill(head)) {
      return null;
    }
    int length = ((head.get() & 0xff) << 16) | (head.getShort() & 0xffff);
    int kind = head.get();
    int flags = head.get();
    int stream = head.getInt();
    ByteBuffer body = ByteBuffer.allocate(length);
    return fill(body) ? new Frame(kind, flags, stream, new String(body.array(), UTF_8)) : null;
  }

  private boolean fill(ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      try {
        if (channel.read(buffer) < 0) {
          return false;
        }
      } catch (IOException reset) {
        return false;
      }
    }
    buffer.flip();
    return true;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
