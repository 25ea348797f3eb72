package dev.metakey.server.transport;

import dev.metakey.server.log.Event;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.Errors.NativeIoException;
import io.grpc.netty.shaded.io.netty.util.AttributeKey;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

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
  private static final int EMFILE = -24; // of this process
  private static final int ENFILE = -23; // of the host
  private static final long RETRY_MS = 200;

  /** How many idle connections are closed at a time: enough for the reserve and some work. */
  private static final int AT_ONCE = 16;

  private static final AttributeKey<Runnable> DONE = AttributeKey.valueOf("dev.metakey.gate");
  private static final AttributeKey<Consumer<Runnable>> LEND =
      AttributeKey.valueOf("dev.metakey.lend");

  private final Connections connections;
  private int begun;
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
    if (channel instanceof EpollDomainSocketChannel socket && isRefused(socket)) {
      return;
    }
    begun++;
    isOneExpected = false;
    acceptIfAllowed(listening);
    channel.attr(DONE).set(() -> listening.executor().execute(() -> done(listening)));
    channel.attr(LEND).set(then -> listening.executor().execute(() -> lend(listening, then)));
    var unused = channel.closeFuture().addListener(closed -> passed(channel));
    listening.fireChannelRead(accepted);
  }

  /** Refuses a peer whose uid connects too often, before anything costly is done for it. */
  private boolean isRefused(EpollDomainSocketChannel channel) {
    int uid;
    try {
      uid = channel.peerCredentials().uid();
    } catch (IOException gone) {
      return false; // which is dealt with where its peer is looked at
    }
    String why = connections.connectsTooOften(uid, System.nanoTime());
    if (why == null) {
      return false;
    }
    Event.CLIENT_FAULT.say("connection refused: " + why);
    TurnedAway.answerAtOnce(channel, why);
    return true;
  }

  private void done(ChannelHandlerContext listening) {
    begun--;
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
