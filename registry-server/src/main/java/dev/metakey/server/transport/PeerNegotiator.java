package dev.metakey.server.transport;

import dev.metakey.model.Reason;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.engine.Budget;
import io.grpc.Attributes;
import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiationEvent;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator.ProtocolNegotiator;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.shaded.io.grpc.netty.ProtocolNegotiationEvent;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.util.AsciiString;
import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutor;
import io.grpc.netty.shaded.io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks the kernel who connected (SO_PEERCRED), before the first byte is read. Closes connections
 * that are too many, on which HTTP/2 was not begun in time, or whose peer does not read. gRPC has
 * no public way to do that; its version is pinned, and a test on a real socket checks that it
 * works.
 */
final class PeerNegotiator implements ProtocolNegotiator {
  /** Who the transport's peer is. */
  static final Attributes.Key<PeerProcess> PEER = Attributes.Key.create("dev.metakey.peer");

  /** The transport's connection. */
  static final Attributes.Key<Connection> CONNECTION =
      Attributes.Key.create("dev.metakey.connection");

  /** Length of "PRI * HTTP/2.0", and so on, with which every client begins (RFC 9113). */
  private static final int PREFACE_BYTES = 24;

  /** How often a peer is looked at while there are no file descriptors. */
  private static final int TRIES = 5;

  private final PeerLook look;
  private final Connections connections;
  private final Map<EventExecutor, Turns> turns = new ConcurrentHashMap<>();

  /**
   * @param look sees who the peer is
   * @param connections counts what is open
   */
  PeerNegotiator(PeerLook look, Connections connections) {
    this.look = look;
    this.connections = connections;
  }

  @Override
  public AsciiString scheme() {
    return AsciiString.of("http");
  }

  @Override
  public ChannelHandler newHandler(GrpcHttp2ConnectionHandler grpc) {
    return InternalProtocolNegotiators.waitUntilActiveHandler(
        new IdentifyPeer(grpc), grpc.getNegotiationLogger());
  }

  @Override
  public void close() {}

  /** Closes a connection, if it is still open, whatever is open on it. For any thread. */
  static void cut(Channel channel) {
    ChannelHandlerContext first = channel.pipeline().firstContext();
    if (first != null) { // otherwise it is closed already
      var unused = first.close(); // from the front: HTTP/2 would wait for the open streams first
    }
  }

  private final class IdentifyPeer extends ChannelInboundHandlerAdapter {
    private final GrpcHttp2ConnectionHandler grpc;

    IdentifyPeer(GrpcHttp2ConnectionHandler grpc) {
      this.grpc = grpc;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (!(event instanceof ProtocolNegotiationEvent negotiation)) {
        context.fireUserEventTriggered(event);
        return;
      }
      EpollDomainSocketChannel channel = (EpollDomainSocketChannel) context.channel();
      channel.config().setAutoRead(false); // nobody takes what comes, before it is let in
      turnsOf(context).handle(uid(channel), Turns.BYTES, () -> begin(context, negotiation));
    }

    private Turns turnsOf(ChannelHandlerContext context) {
      return turns.computeIfAbsent(context.executor(), Turns::new);
    }

    private int uid(EpollDomainSocketChannel channel) {
      try {
        return Credentials.of(channel).uid();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void begin(ChannelHandlerContext context, ProtocolNegotiationEvent negotiation) {
      try {
        identify(context, negotiation, TRIES);
      } catch (UncheckedIOException gone) {
        context.fireExceptionCaught(gone);
      }
    }

    /**
     * Finds out who the peer is, and lets it in. A process that seems to have ended and is there
     * could not be looked at, as no file descriptor was left: the gate lends some.
     */
    private void identify(
        ChannelHandlerContext context, ProtocolNegotiationEvent negotiation, int tries) {
      Channel channel = context.channel();
      if (!channel.isActive()) {
        return;
      }
      PeerProcess peer = look((EpollDomainSocketChannel) channel);
      if (!peer.place().ended() || tries == 0 || !look.isThere(peer.pid())) {
        letIn(context, negotiation, peer);
        channel.config().setAutoRead(true);
        return;
      }
      Runnable again = () -> identify(context, negotiation, tries - 1);
      if (connections.spare.areLeft()) {
        again.run();
      } else {
        AcceptGate.lend(channel, () -> context.executor().execute(again));
      }
    }

    private PeerProcess look(EpollDomainSocketChannel channel) {
      try (PeerDescriptor process = PeerDescriptor.of(channel)) {
        Credentials kernel = Credentials.of(channel);
        return look.at(kernel.uid(), kernel.gid(), kernel.pid(), process::lives)
            .in(PeerGroups.of(channel));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // nobody waits for the close
    private void letIn(
        ChannelHandlerContext context, ProtocolNegotiationEvent negotiation, PeerProcess peer) {
      Channel channel = context.channel();
      Connection connection =
          new Connection(peer, connections.shares, context.executor(), () -> cut(channel));
      Budget.Full full = connections.open(connection);
      if (full != null) {
        turnAway(channel, connection, full);
        return;
      }
      channel.closeFuture().addListener(closed -> connections.closed(connection));
      AcceptGate.passed(channel);
      Attributes attributes =
          InternalProtocolNegotiationEvent.getAttributes(negotiation).toBuilder()
              .set(PEER, peer)
              .set(CONNECTION, connection)
              .build();
      Limits.Connection each = connections.limits.each();
      context.pipeline().addFirst(new CloseSilent(each.silenceMs()));
      context.pipeline().addFirst(new CloseUnread(connections, connection));
      context.pipeline().addFirst(new InTurns(turnsOf(context), connection));
      // now, not when the client acknowledges its settings, which a hostile one never does
      grpc.connection().remote().maxActiveStreams(each.streams());
      context
          .pipeline()
          .replace(this, null, InternalProtocolNegotiators.grpcNegotiationHandler(grpc));
      context.fireUserEventTriggered(
          InternalProtocolNegotiationEvent.withAttributes(negotiation, attributes));
    }

    private void turnAway(Channel channel, Connection connection, Budget.Full full) {
      String why =
          full.refusal(Reason.QUOTA_EXCEEDED, "close some, or try again later", connection.rule())
              .text();
      connection.fault("connection refused: %s; it came from %s".formatted(why, connection));
      AcceptGate.passed(channel);
      connections.turnedAway.answer(channel, connection.uid(), why);
    }
  }

  /** Closes a connection whose peer does not read. */
  @SuppressWarnings("FutureReturnValueIgnored") // nobody waits for the close
  private static final class CloseUnread extends ChannelInboundHandlerAdapter {
    private final Connections connections;
    private final Connection connection;
    private @Nullable ScheduledFuture<?> timeout;

    CloseUnread(Connections connections, Connection connection) {
      this.connections = connections;
      this.connection = connection;
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      boolean writable = context.channel().isWritable();
      cancel();
      if (!writable) {
        timeout =
            context
                .executor()
                .schedule(
                    () -> close(context),
                    connections.limits.each().unreadMs(),
                    TimeUnit.MILLISECONDS);
      }
      context.fireChannelWritabilityChanged();
    }

    private void close(ChannelHandlerContext context) {
      connection.fault(
          "connection closed: nothing was read for %d ms by %s"
              .formatted(connections.limits.each().unreadMs(), connection));
      context.close();
    }

    private void cancel() {
      if (timeout != null) {
        timeout.cancel(false);
        timeout = null;
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      cancel();
      context.fireChannelInactive();
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
