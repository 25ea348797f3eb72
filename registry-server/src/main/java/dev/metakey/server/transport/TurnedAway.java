package dev.metakey.server.transport;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.socket.DuplexChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.FileDescriptor;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import io.grpc.netty.shaded.io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells connections that are not let in why, by a GOAWAY frame of HTTP/2. A client that is still
 * writing when the connection is closed under it sees only that. So the daemon reads on, without
 * looking at what it reads, until the client has closed, but not for long; nor for many: if there
 * are too many, the uid that has the most of them gives one up. Thread-safe.
 */
final class TurnedAway {
  static final int MOST = 32;
  private static final long PATIENCE_MS = 2_000;
  private static final int SETTINGS = 4;
  private static final int GOAWAY = 7;
  private static final int ENHANCE_YOUR_CALM = 0xb;

  /** Memory outside of the heap comes back too late to be taken for each of many. */
  private static final ThreadLocal<ByteBuffer> BYTES =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(1024));

  /** The uid of each that is still open, the oldest first. Guarded by this. */
  private final Map<Channel, Integer> open = new LinkedHashMap<>();

  /** Says why, and closes when the client has. On the channel's own thread. */
  @SuppressWarnings("FutureReturnValueIgnored") // nobody waits for the close
  void answer(Channel channel, int uid, String why) {
    Channel tooMany = add(channel, uid);
    channel.closeFuture().addListener(closed -> remove(channel));
    if (tooMany != null) {
      tooMany.close();
    }
    channel.pipeline().addFirst(new Drain());
    channel
        .pipeline()
        .firstContext()
        .writeAndFlush(goAway(why))
        .addListener(written -> endOutput(channel));
  }

  /**
   * Says why, unless the client has closed already, and leaves it to the caller to close at once,
   * without reading on: for those who come faster than that could be done for. The client may see
   * only that it was closed.
   */
  static void answerAtOnce(FileDescriptor socket, Supplier<String> why) {
    ByteBuffer bytes = BYTES.get().clear();
    try {
      // A look first, as writing to one who is gone costs a signal and an exception.
      if (socket.read(bytes, 0, bytes.limit()) >= 0) {
        ByteBuf frames = goAway(why.get());
        frames.readBytes(bytes.limit(frames.readableBytes()));
        var unused = socket.write(bytes, 0, bytes.limit());
      }
    } catch (IOException gone) {
      // Nobody is there who could be told.
    }
  }

  private static void endOutput(Channel channel) {
    if (channel instanceof DuplexChannel socket) {
      var unused = socket.shutdownOutput();
    }
  }

  static ByteBuf goAway(String why) {
    byte[] text = why.getBytes(UTF_8);
    ByteBuf frames = Unpooled.buffer();
    frames.writeMedium(0).writeByte(SETTINGS).writeByte(0).writeInt(0);
    frames.writeMedium(8 + text.length).writeByte(GOAWAY).writeByte(0).writeInt(0);
    return frames.writeInt(0).writeInt(ENHANCE_YOUR_CALM).writeBytes(text);
  }

  /** Returns the one that has to go; null if there is room. */
  private synchronized @Nullable Channel add(Channel channel, int uid) {
    open.put(channel, uid);
    if (open.size() <= MOST) {
      return null;
    }
    Map<Integer, Integer> counts = new HashMap<>();
    open.values().forEach(each -> counts.merge(each, 1, Integer::sum));
    int most = counts.values().stream().mapToInt(Integer::intValue).max().orElseThrow();
    return open.entrySet().stream()
        .filter(each -> counts.getOrDefault(each.getValue(), 0) == most)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow();
  }

  private synchronized void remove(Channel channel) {
    open.remove(channel);
  }

  /** Reads and forgets, until the client closes or the time is over. */
  @SuppressWarnings("FutureReturnValueIgnored") // nobody waits for the close
  private static final class Drain extends ChannelInboundHandlerAdapter {
    private @Nullable ScheduledFuture<?> timeout;

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      Runnable close = context::close;
      timeout = context.executor().schedule(close, PATIENCE_MS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object bytes) {
      ReferenceCountUtil.release(bytes);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
      if (timeout != null) {
        timeout.cancel(false);
      }
    }
  }
}
