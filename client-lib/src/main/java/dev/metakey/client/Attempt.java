package dev.metakey.client;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.ChannelDuplexHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.ChannelPromise;
import io.grpc.netty.shaded.io.netty.channel.SingleThreadIoEventLoop;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.grpc.stub.MetadataUtils;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A channel to the daemon, and how its last attempt to connect ended. One that failed is replaced.
 * Thread-safe.
 */
final class Attempt {
  private static final int MAX_MESSAGE_BYTES = 4 << 20;

  /** While a call or watch is open and nothing arrives, the daemon is pinged this often. */
  private static final int PING_EVERY_S = 10;

  /** A daemon that has not answered a ping for this long counts as lost. */
  private static final int PING_PATIENCE_S = 5;

  final ManagedChannel channel;
  private final Path socket;

  /** Whether more wait than the kernel keeps (EAGAIN). */
  private volatile boolean isCrowded;

  private volatile String refusal = "";

  /**
   * @param headers of each call
   */
  Attempt(Path socket, SingleThreadIoEventLoop loop, Metadata headers) {
    this.socket = socket;
    this.channel =
        NettyChannelBuilder.forAddress(new NamelessAddress())
            .eventLoopGroup(loop)
            .channelFactory(this::newSocket)
            .withOption(
                ChannelOption.SO_KEEPALIVE, null) // unix sockets have none, and netty would warn
            .overrideAuthority("localhost")
            .usePlaintext()
            .directExecutor()
            .keepAliveTime(PING_EVERY_S, TimeUnit.SECONDS)
            .keepAliveTimeout(PING_PATIENCE_S, TimeUnit.SECONDS)
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
            .build();
  }

  private NioDomainSocketChannel newSocket() {
    NioDomainSocketChannel made = new NioDomainSocketChannel();
    made.pipeline().addFirst(new Redirection());
    return made;
  }

  /** Whether the daemon is there, and let nobody in. */
  boolean isBusy() {
    return isCrowded || !refusal.isEmpty();
  }

  /** Why the daemon let nobody in; empty if it said nothing. */
  String refusal() {
    return refusal;
  }

  /**
   * Stands in for the socket's address. gRPC makes a URI of an address's text, and cannot parse it
   * again if a path has characters outside ASCII.
   */
  private static final class NamelessAddress extends SocketAddress {
    private static final long serialVersionUID = 1L;

    @Override
    public String toString() {
      return "metakeyd";
    }
  }

  /** Connects to the socket, whatever address gRPC asks for, and notes whether it is let in. */
  private final class Redirection extends ChannelDuplexHandler {
    private boolean isGreeted;

    @Override
    public void channelRead(ChannelHandlerContext context, Object said) {
      if (!isGreeted) {
        isGreeted = true;
        refusal = Refusal.in((ByteBuf) said);
      }
      context.fireChannelRead(said);
    }

    @Override
    public void connect(
        ChannelHandlerContext context,
        SocketAddress asked,
        SocketAddress local,
        ChannelPromise promise) {
      ChannelPromise ours = context.newPromise(); // gRPC learns of it after we have taken note
      var connecting = context.connect(UnixDomainSocketAddress.of(socket), local, ours);
      boolean isPending = !connecting.isDone();
      var unused =
          connecting.addListener(
              done -> {
                isCrowded =
                    !done.isSuccess() && (isPending || Unreachable.isCrowded(socket, done.cause()));
                if (done.isSuccess()) {
                  promise.trySuccess();
                } else {
                  promise.tryFailure(done.cause());
                }
              });
    }
  }
}
