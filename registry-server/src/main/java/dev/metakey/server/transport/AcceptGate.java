package dev.metakey.server.transport;

import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.util.AttributeKey;

/**
 * Stops accepting while many connections are neither let in nor closed yet; the kernel keeps
 * further ones waiting. Finding out who a peer is takes longer than connecting, so whoever connects
 * again and again would otherwise fill the heap with connections that are only going to be refused.
 *
 * <p><b>Concurrency.</b> The count belongs to the thread that accepts.
 */
final class AcceptGate extends ChannelInboundHandlerAdapter {
  private static final int MOST = 64;
  private static final AttributeKey<Runnable> DONE = AttributeKey.valueOf("dev.metakey.gate");

  private int begun;

  @Override
  public void channelRead(ChannelHandlerContext listening, Object accepted) {
    Channel channel = (Channel) accepted;
    begun++;
    if (begun >= MOST) {
      listening.channel().config().setAutoRead(false);
    }
    channel.attr(DONE).set(() -> listening.executor().execute(() -> done(listening)));
    var unused = channel.closeFuture().addListener(closed -> passed(channel));
    listening.fireChannelRead(accepted);
  }

  private void done(ChannelHandlerContext listening) {
    begun--;
    if (begun < MOST) {
      listening.channel().config().setAutoRead(true);
    }
  }

  /** Notes that a connection has been let in, or is closed. For any thread. */
  static void passed(Channel channel) {
    Runnable done = channel.attr(DONE).getAndSet(null);
    if (done != null) {
      done.run();
    }
  }
}
