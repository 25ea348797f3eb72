package dev.metakey.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A listener that answers HTTP/2 until it is asked something, and then breaks in some way. */
@Timeout(30)
class BrokenConnectionTest {
  private static final int PREFACE_BYTES = 24;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int PROTOCOL_ERROR = 1;
  private static final int INTERNAL_ERROR = 2;

  enum Breaks {
    CLOSES,
    SENDS_GARBAGE,
    RESETS_FOR_THE_PROTOCOL,
    RESETS_FOR_AN_ERROR
  }

  @TempDir private Path directory;
  private final AtomicInteger asked = new AtomicInteger();

  private static ByteBuffer frame(int type, int stream, int... words) {
    ByteBuffer frame = ByteBuffer.allocate(9 + 4 * words.length);
    frame.putInt(((4 * words.length) << 8) | type).put((byte) 0).putInt(stream);
    for (int word : words) {
      frame.putInt(word);
    }
    return frame.flip();
  }

  /** The stream of the next request. */
  private static int awaitRequest(DataInputStream in) throws IOException {
    while (true) {
      int lengthAndType = in.readInt();
      in.readByte();
      int stream = in.readInt();
      in.skipNBytes(lengthAndType >>> 8);
      if ((lengthAndType & 0xff) == HEADERS) {
        return stream;
      }
    }
  }

  private void serve(SocketChannel client, Breaks how) throws IOException {
    try (client) {
      DataInputStream in = new DataInputStream(Channels.newInputStream(client));
      in.skipNBytes(PREFACE_BYTES);
      client.write(frame(SETTINGS, 0));
      while (true) {
        int stream = awaitRequest(in);
        asked.incrementAndGet();
        switch (how) {
          case CLOSES -> {
            return;
          }
          case SENDS_GARBAGE -> client.write(US_ASCII.encode("this is not HTTP/2 at all\r\n"));
          case RESETS_FOR_THE_PROTOCOL -> client.write(frame(RST_STREAM, stream, PROTOCOL_ERROR));
          case RESETS_FOR_AN_ERROR -> client.write(frame(RST_STREAM, stream, INTERNAL_ERROR));
        }
      }
    } catch (EOFException clientHasGone) {
      // it may come again
    }
  }

  private ServerSocketChannel listen(Breaks how) throws IOException {
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(directory.resolve("m.sock")));
    Thread thread =
        new Thread(
            () -> {
              while (listener.isOpen()) {
                try {
                  serve(listener.accept(), how);
                } catch (IOException gone) {
                  // the client, or the test is over
                }
              }
            });
    thread.setDaemon(true);
    thread.start();
    return listener;
  }

  private MetakeyException refusal(Consumer<MetakeyClient> call) {
    try (MetakeyClient client =
        MetakeyClient.builder().socket(directory.resolve("m.sock")).connect()) {
      return catchThrowableOfType(MetakeyException.class, () -> call.accept(client));
    }
  }

  @ParameterizedTest
  @EnumSource(Breaks.class)
  void call_whenTheConnectionBreaks_isUnavailable(Breaks how) throws IOException {
    try (ServerSocketChannel listener = listen(how)) {
      MetakeyException e = refusal(client -> client.release("edge.a"));
      assertThat(listener.isOpen()).isTrue();
      assertThat(e.reason()).as("%s", e.getCause()).isEqualTo(Reason.UNAVAILABLE);
      assertThat(e)
          .hasMessageContaining(directory.toString())
          .hasMessageContaining("the connection was lost");
      assertThat(asked).hasValue(1);
    }
  }

  @Test
  void await_whenTheConnectionBreaks_asksAgain() throws IOException {
    try (ServerSocketChannel listener = listen(Breaks.SENDS_GARBAGE)) {
      MetakeyException e = refusal(client -> client.await(Duration.ofSeconds(1), "edge.a"));
      assertThat(e.reason()).as("%s", e.getCause()).isEqualTo(Reason.UNAVAILABLE);
      assertThat(listener.isOpen()).isTrue();
      assertThat(asked).hasValueGreaterThan(1);
    }
  }
}
