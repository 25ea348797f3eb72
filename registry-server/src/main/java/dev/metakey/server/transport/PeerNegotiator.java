package dev.metakey.server.transport;

import io.grpc.Attributes;
import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiationEvent;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator.ProtocolNegotiator;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.shaded.io.grpc.netty.ProtocolNegotiationEvent;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.PeerCredentials;
import io.grpc.netty.shaded.io.netty.util.AsciiString;
import io.grpc.netty.shaded.io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks the kernel who connected (SO_PEERCRED), before the first byte is read; and closes a
 * connection on which HTTP/2 was not begun in time. gRPC has no public way to do either; its
 * version is pinned, and a test on a real socket holds this to it.
 */
final class PeerNegotiator implements ProtocolNegotiator {
  /** Who the transport's peer is. */
  static final Attributes.Key<PeerProcess> PEER = Attributes.Key.create("dev.metakey.peer");

  /** Length of "PRI * HTTP/2.0", and so on, with which every client begins (RFC 9113). */
  private static final int PREFACE_BYTES = 24;

  private final PeerLook look;
  private final long silenceMs;

  /**
   * @param look sees who the peer is
   * @param silenceMs how long a client may take to begin, milliseconds
   */
  PeerNegotiator(PeerLook look, long silenceMs) {
    this.look = look;
    this.silenceMs = silenceMs;
  }

  @Override
  public AsciiString scheme() {
    return AsciiString.of("http");
  }

  @Override
  public ChannelHandler newHandler(GrpcHttp2ConnectionHandler grpc) {
    return InternalProtocolNegotiators.waitUntilActiveHandler(
        new IdentifyPeer(grpc, look, silenceMs), grpc.getNegotiationLogger());
  }

  @Override
  public void close() {}

  private static final class IdentifyPeer extends ChannelInboundHandlerAdapter {
    private final GrpcHttp2ConnectionHandler grpc;
    private final PeerLook look;
    private final long silenceMs;

    IdentifyPeer(GrpcHttp2ConnectionHandler grpc, PeerLook look, long silenceMs) {
      this.grpc = grpc;
      this.look = look;
      this.silenceMs = silenceMs;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws IOException {
      if (!(event instanceof ProtocolNegotiationEvent negotiation)) {
        context.fireUserEventTriggered(event);
        return;
      }
      PeerCredentials kernel = ((EpollDomainSocketChannel) context.channel()).peerCredentials();
      int[] gids = kernel.gids();
      PeerProcess peer =
          look.at(kernel.uid(), gids.length == 0 ? -1 : gids[0], kernel.pid(), () -> true);
      Attributes attributes =
          InternalProtocolNegotiationEvent.getAttributes(negotiation).toBuilder()
              .set(PEER, peer)
              .build();
      context.pipeline().addFirst(new CloseSilent(silenceMs));
      context
          .pipeline()
          .replace(this, null, InternalProtocolNegotiators.grpcNegotiationHandler(grpc));
      context.fireUserEventTriggered(
          InternalProtocolNegotiationEvent.withAttributes(negotiation, attributes));
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // nobody waits for the close
  private static final class CloseSilent extends ChannelInboundHandlerAdapter {
    private final long silenceMs;
    private @Nullable ScheduledFuture<?> timeout;
    private int saidBytes;

    CloseSilent(long silenceMs) {
      this.silenceMs = silenceMs;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      Runnable close = context::close;
      timeout = context.executor().schedule(close, silenceMs, TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object bytes) {
      saidBytes += ((ByteBuf) bytes).readableBytes();
      if (saidBytes >= PREFACE_BYTES) { // if they are not the preface, HTTP/2 closes at once
        context.pipeline().remove(this);
      }
      context.fireChannelRead(bytes);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
      if (timeout != null) {
        timeout.cancel(false);
      }
    }
  }
}
