package dev.metakey.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A connection on which the caller's own thread reads, as the usual blocking clients do. */
final class RedisConnection implements Connection {
  private final SocketChannel channel;
  private final ByteBuffer in = ByteBuffer.allocateDirect(4096);

  RedisConnection(Path socket) throws IOException {
    this.channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
  }

  @Override
  public void call(Op op, String name) {
    check(send(Resp.request(op, name)));
  }

  void send(String... command) {
    check(send(Resp.command(command)));
  }

  private static void check(String reply) {
    if (!Resp.succeeded(reply)) {
      throw new IllegalStateException("Redis answered, but did not do it: " + reply);
    }
  }

  private String send(ByteBuffer request) {
    try {
      while (request.hasRemaining()) {
        var unused = channel.write(request);
      }
      in.clear();
      @Nullable String reply = null;
      while (reply == null) {
        if (channel.read(in) < 0) {
          throw new IOException("Redis has closed the connection");
        }
        reply = Resp.take(in.duplicate().flip());
      }
      return reply;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
