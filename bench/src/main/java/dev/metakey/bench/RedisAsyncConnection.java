package dev.metakey.bench;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A connection on the thread that the gRPC connections share too. */
final class RedisAsyncConnection implements AsyncConnection {
  private static final int BUFFER_BYTES = 4096;

  private interface Replies {
    void came(String line);
  }

  private final Channel channel;
  private volatile @Nullable Replies replies;

  RedisAsyncConnection(Path socket) throws IOException {
    this.channel = Sockets.connect(socket, new Reader());
  }

  @Override
  public void submit(Op op, String name, Done done) {
    replies =
        line -> {
          if (Resp.succeeded(line)) {
            done.ended();
          } else {
            done.failed(new IllegalStateException("Redis answered, but did not do it: " + line));
          }
        };
    write(Resp.request(op, name));
  }

  /**
   * @param told run when it is subscribed, and at each message
   */
  void subscribe(String name, Runnable told) {
    replies = line -> told.run();
    write(Resp.command("SUBSCRIBE", name));
  }

  private void write(ByteBuffer request) {
    var unused = channel.writeAndFlush(Unpooled.wrappedBuffer(request));
  }

  @Override
  public void close() {
    var unused = channel.close();
  }

  private final class Reader extends ChannelInboundHandlerAdapter {
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES);

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      while (bytes.isReadable()) {
        in.limit(in.position() + Math.min(in.capacity() - in.position(), bytes.readableBytes()));
        bytes.readBytes(in);
        in.flip();
        tell();
        in.compact();
      }
      var unused = bytes.release();
    }

    private void tell() {
      for (String line = Resp.take(in); line != null; line = Resp.take(in)) {
        Replies to = replies;
        if (to != null) {
          to.came(line);
        }
      }
    }
  }
}
