package dev.metakey.bench;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.bootstrap.Bootstrap;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.file.Path;

/** gRPC on unix sockets, for a raw client and for the barest possible server. */
final class Sockets {
  /** All connections of this process share one thread: the cores are the daemon's. */
  private static final EventLoopGroup CLIENT = loops("bench-client", 1);

  private Sockets() {}

  /** A connection. No thread pool between netty and the caller. */
  static ManagedChannel connect(Path socket) {
    return builder(socket).build();
  }

  /** A connection on which so few bytes may be under way to this side. */
  static ManagedChannel connect(Path socket, int windowBytes) {
    return builder(socket).flowControlWindow(windowBytes).build();
  }

  private static NettyChannelBuilder builder(Path socket) {
    return NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toString()))
        .channelType(EpollDomainSocketChannel.class)
        .withOption(
            ChannelOption.SO_KEEPALIVE, null) // unix sockets have none, and netty would warn
        .eventLoopGroup(CLIENT)
        .usePlaintext()
        .directExecutor();
  }

  /** A connection of another protocol, on the same thread. */
  static Channel connect(Path socket, ChannelHandler handler) throws IOException {
    ChannelFuture connected =
        new Bootstrap()
            .group(CLIENT)
            .channel(EpollDomainSocketChannel.class)
            .handler(handler)
            .connect(new DomainSocketAddress(socket.toString()))
            .awaitUninterruptibly();
    if (!connected.isSuccess()) {
      throw new IOException("cannot connect to " + socket, connected.cause());
    }
    return connected.channel();
  }

  /** A server with the daemon's netty settings, and nothing else of it. */
  static Server serve(Path socket, ServerServiceDefinition service) {
    return NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toString()))
        .channelType(EpollServerDomainSocketChannel.class)
        .withChildOption(
            ChannelOption.SO_KEEPALIVE, null) // unix sockets have none, and netty would warn
        .bossEventLoopGroup(loops("floor-accept", 1))
        .workerEventLoopGroup(loops("floor-serve", 2))
        .directExecutor()
        .addService(service)
        .build();
  }

  private static EventLoopGroup loops(String name, int threads) {
    return new MultiThreadIoEventLoopGroup(
        threads, new DefaultThreadFactory(name, true), EpollIoHandler.newFactory());
  }
}
