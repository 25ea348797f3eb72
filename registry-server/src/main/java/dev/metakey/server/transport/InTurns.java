package dev.metakey.server.transport;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.FixedRecvByteBufAllocator;
import io.grpc.netty.shaded.io.netty.channel.RecvByteBufAllocator;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Passes on what comes from a connection when it is its uid's turn, and reads no more until then,
 * nor while the peer does not read; nor for a while where calls come too often, as a refusal takes
 * as long as an answer.
 */
final class InTurns extends ChannelInboundHandlerAdapter {
  /** What is read before the next connection is looked at. */
  private static final RecvByteBufAllocator AT_ONCE =
      new FixedRecvByteBufAllocator(Turns.BYTES).maxMessagesPerRead(1);

  private final Turns turns;
  private final Connection connection;
  private @Nullable ByteBuf held; // came, and waits for its turn
  private boolean rests;

  InTurns(Turns turns, Connection connection) {
    this.turns = turns;
    this.connection = connection;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    context.channel().config().setRecvByteBufAllocator(AT_ONCE);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (held != null) { // the last bytes before an end are read in any case
      held = Unpooled.wrappedBuffer(held, bytes);
      return;
    }
    held = bytes;
    turns.handle(connection.uid(), bytes.readableBytes(), () -> pass(context));
    read(context);
  }

  private void pass(ChannelHandlerContext context) {
    ByteBuf bytes = held;
    if (bytes == null) {
      return; // the connection has ended
    }
    held = null;
    context.fireChannelRead(bytes);
    context.fireChannelReadComplete();
    long restMs = connection.takeRest();
    if (restMs > 0) {
      rests = true;
      var unused = context.executor().schedule(() -> goOn(context), restMs, TimeUnit.MILLISECONDS);
    }
    read(context);
  }

  private void goOn(ChannelHandlerContext context) {
    rests = false;
    read(context);
  }

  /** Reads on, or does not. */
  private void read(ChannelHandlerContext context) {
    Channel channel = context.channel();
    if (channel.isActive()) {
      channel.config().setAutoRead(held == null && !rests && channel.isWritable());
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    // told by pass
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    read(context);
    context.fireChannelWritabilityChanged();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    ReferenceCountUtil.release(held);
    held = null;
  }
}
