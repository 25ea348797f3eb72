package dev.metakey.server.transport;

import dev.metakey.server.log.Event;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.Errors.NativeIoException;
import io.grpc.netty.shaded.io.netty.channel.unix.FileDescriptor;
import io.grpc.netty.shaded.io.netty.channel.unix.Socket;
import io.grpc.netty.shaded.io.netty.channel.unix.UnixChannel;
import io.grpc.netty.shaded.io.netty.util.AttributeKey;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides when connections are accepted; the kernel keeps further ones waiting.
 *
 * <p><b>Many.</b> Not while many are neither let in nor closed yet. Finding out who a peer is takes
 * longer than connecting, so whoever connects again and again would otherwise fill the heap with
 * connections that are only going to be refused.
 *
 * <p><b>Often.</b> Nor of a uid that connects too often: such a connection is closed by the thread
 * that accepts, which asks the kernel for nothing but the uid. So it costs others little.
 *
 * <p><b>No descriptors.</b> A connection for which there is no file descriptor stays where it is,
 * and accepting it would fail again at once, and for ever. So the gate then lends its reserve for
 * one connection, and closes idle ones until the reserve is whole again; meanwhile it accepts no
 * more, and looks a few times a second.
 *
 * <p><b>Concurrency.</b> Everything but {@link #passed} and {@link #lend} belongs to the thread
 * that accepts.
 */
final class AcceptGate extends ChannelInboundHandlerAdapter {
  private static final int MOST = 64;

  /** So many of one uid that connects often may be looked at at a time, lest others wait for it. */
  private static final int FEW = 8;

  private static final int NOBODY = -1;
  private static final int EMFILE = -24; // of this process
  private static final int ENFILE = -23; // of the host
  private static final long RETRY_MS = 200;

  /** How many idle connections are closed at a time: enough for the reserve and some work. */
  private static final int AT_ONCE = 16;

  private static final AttributeKey<Runnable> DONE = AttributeKey.valueOf("dev.metakey.gate");
  private static final AttributeKey<Consumer<Runnable>> LEND =
      AttributeKey.valueOf("dev.metakey.lend");

  /** How many are accepted in a row behind one that was refused, before anything else is done. */
  private static final int IN_A_ROW = 256;

  private final Connections connections;
  private final byte[] address = new byte[128]; // what accept(2) tells, which nobody reads
  private int begun;
  private final Map<Integer, Integer> begunBy = new HashMap<>();
  private boolean isLent;
  private boolean isOneExpected;

  AcceptGate(Connections connections) {
    this.connections = connections;
  }

  @Override
  public void channelActive(ChannelHandlerContext listening) {
    if (!connections.spare.keep()) {
      lent(listening);
    }
    listening.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext listening, Object accepted) {
    Channel channel = (Channel) accepted;
    Credentials peer = channel instanceof EpollDomainSocketChannel socket ? peer(socket) : null;
    if (peer != null && isRefused(peer, ((UnixChannel) channel).fd())) {
      channel.unsafe().closeForcibly();
      acceptMore(listening);
    } else {
      take(listening, channel, peer == null ? NOBODY : peer.uid());
    }
  }

  private static @Nullable Credentials peer(EpollDomainSocketChannel channel) {
    try {
      return Credentials.of(channel);
    } catch (IOException gone) {
      return null; // which is dealt with where its peer is looked at
    }
  }

  private void take(ChannelHandlerContext listening, Channel channel, int uid) {
    begun++;
    begunBy.merge(uid, 1, Integer::sum);
    isOneExpected = false;
    acceptIfAllowed(listening);
    channel.attr(DONE).set(() -> listening.executor().execute(() -> done(listening, uid)));
    channel.attr(LEND).set(then -> listening.executor().execute(() -> lend(listening, then)));
    var unused = channel.closeFuture().addListener(closed -> passed(channel));
    listening.fireChannelRead(channel);
  }

  /** Refuses a peer whose uid connects too often, before anything costly is done for it. */
  private boolean isRefused(Credentials peer, FileDescriptor socket) {
    int theirs = begunBy.getOrDefault(peer.uid(), 0);
    Supplier<String> why =
        connections.connectsTooOften(peer.uid(), theirs >= FEW, System.nanoTime());
    if (why == null) {
      return false;
    }
    Event.CLIENT_FAULT.say(() -> "connection refused: " + why.get());
    TurnedAway.answerAtOnce(socket, why);
    return true;
  }

  /**
   * Accepts what waits behind a connection that was refused, as it is likely to be refused, too:
   * without a channel for each and without asking whether there are more, which takes several times
   * as long as the refusal.
   */
  private void acceptMore(ChannelHandlerContext listening) {
    Socket socket = (Socket) ((UnixChannel) listening.channel()).fd();
    try {
      for (int i = 0; i < IN_A_ROW && listening.channel().config().isAutoRead(); i++) {
        int descriptor = socket.accept(address);
        if (descriptor < 0) {
          return;
        }
        accept(listening, new Socket(descriptor));
      }
    } catch (IOException failure) {
      exceptionCaught(listening, failure);
    }
  }

  private void accept(ChannelHandlerContext listening, Socket socket) throws IOException {
    Credentials peer;
    try {
      peer = Credentials.of(socket);
    } catch (IOException gone) {
      socket.close();
      return;
    }
    if (isRefused(peer, socket)) {
      socket.close();
    } else {
      take(listening, Credentials.channel(socket, peer), peer.uid());
    }
  }

  private void done(ChannelHandlerContext listening, int uid) {
    begun--;
    begunBy.computeIfPresent(uid, (same, count) -> count == 1 ? null : count - 1);
    acceptIfAllowed(listening);
  }

  private void acceptIfAllowed(ChannelHandlerContext listening) {
    listening.channel().config().setAutoRead(isLent ? isOneExpected : begun < MOST);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext listening, Throwable failure) {
    if (!isOutOfDescriptors(failure)) {
      listening.fireExceptionCaught(failure);
      return;
    }
    listening.channel().config().setAutoRead(false);
    isOneExpected = !isLent;
    connections.spare.lend();
    lent(listening);
  }

  /** For somebody who was accepted: at once or, if others have the reserve, a little later. */
  private void lend(ChannelHandlerContext listening, Runnable then) {
    boolean wasLent = isLent;
    isOneExpected = false;
    lent(listening); // before the reserve is there for the next one to be accepted
    connections.spare.lend();
    if (wasLent) {
      var unused = listening.executor().schedule(then, RETRY_MS, TimeUnit.MILLISECONDS);
    } else {
      then.run();
    }
  }

  private void lent(ChannelHandlerContext listening) {
    Event.CLIENT_FAULT.say(
        "there is no file descriptor for one more connection; idle ones are closed");
    if (!isLent) {
      isLent = true;
      recoverSoon(listening);
    }
    acceptIfAllowed(listening);
  }

  private static boolean isOutOfDescriptors(Throwable failure) {
    return failure instanceof NativeIoException error
        && (error.expectedErr() == EMFILE || error.expectedErr() == ENFILE);
  }

  private void recoverSoon(ChannelHandlerContext listening) {
    connections.noDescriptors = true;
    var unused =
        listening.executor().schedule(() -> recover(listening), RETRY_MS, TimeUnit.MILLISECONDS);
  }

  /** Gets the reserve back, or makes room for it and comes again. */
  private void recover(ChannelHandlerContext listening) {
    if (!listening.channel().isOpen()) {
      return;
    }
    if (connections.spare.keep()) {
      isLent = false;
      isOneExpected = false;
      connections.noDescriptors = false;
      acceptIfAllowed(listening);
      return;
    }
    for (int i = 0; i < AT_ONCE && connections.dropIdle(); i++) {}
    recoverSoon(listening);
  }

  /**
   * Lends the reserve to look at a connection's peer, as no descriptor was left for that. For any
   * thread.
   *
   * @param then looks, on another thread
   */
  static void lend(Channel channel, Runnable then) {
    Consumer<Runnable> lend = channel.attr(LEND).get();
    if (lend != null) {
      lend.accept(then);
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
