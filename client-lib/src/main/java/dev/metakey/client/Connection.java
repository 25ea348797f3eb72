package dev.metakey.client;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.wire.WireErrors;
import io.grpc.Channel;
import io.grpc.ConnectivityState;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.SingleThreadIoEventLoop;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.util.concurrent.FastThreadLocalThread;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * The way to the daemon: one channel over its unix socket, on one thread.
 *
 * <h2>Who decides when to connect</h2>
 *
 * We do. gRPC's channel, once an attempt has failed, fails every call until its own pause (1 s and
 * more) is over. So each call first sees to it that the channel is ready, and replaces one that is
 * in such a pause by a new one: a call tries exactly once, now, and knows the outcome. Pauses are
 * {@link Retry}'s.
 *
 * <h2>Threads</h2>
 *
 * {@code metakey-client}, a daemon thread, does all of gRPC's work; callers wait on their own. The
 * event loop is a single one without a group around it, as a group's end starts netty's global
 * thread, which lingers for a second and keeps a JVM from exiting. {@link #close} waits until the
 * thread has ended: one that sits in epoll_wait holds the JVM's exit up for 300 ms.
 */
final class Connection implements AutoCloseable {
  static final int MAX_MESSAGE_BYTES = 4 << 20;

  private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(Connection.class);

  private static final Metadata.Key<String> SERVICE =
      Metadata.Key.of("metakey-service", Metadata.ASCII_STRING_MARSHALLER);

  /** Kept here, as the logging system forgets loggers, and their level, that nobody holds. */
  private static final Logger BOOTSTRAP_LOG =
      Logger.getLogger("io.grpc.netty.shaded.io.netty.bootstrap.Bootstrap");

  static {
    // gRPC sets SO_KEEPALIVE on every channel; unix sockets know no such thing, and netty warns.
    BOOTSTRAP_LOG.setLevel(Level.SEVERE);
    String jfr = "io.grpc.netty.shaded.io.netty.jfr.enabled"; // loading it takes 50 ms
    if (System.getProperty(jfr) == null) {
      System.setProperty(jfr, "false");
    }
  }

  private final Path socket;
  private final Duration callTimeout;
  private final Metadata headers = new Metadata();
  private final SingleThreadIoEventLoop loop =
      new SingleThreadIoEventLoop(null, this::newThread, EpollIoHandler.newFactory());
  private final ReentrantLock connecting = new ReentrantLock();
  private volatile @Nullable ManagedChannel channel;
  private volatile @Nullable Thread thread;
  private volatile boolean closed;

  Connection(Path socket, @Nullable String service, Duration callTimeout) {
    this.socket = socket;
    this.callTimeout = callTimeout;
    if (service != null) {
      headers.put(SERVICE, service);
    }
  }

  private Thread newThread(Runnable work) {
    Thread started = new FastThreadLocalThread(work, "metakey-client");
    started.setDaemon(true);
    thread = started;
    return started;
  }

  Path socket() {
    return socket;
  }

  boolean isClosed() {
    return closed;
  }

  /** Connects, if we are not. */
  void connect() {
    try {
      ready(Deadline.after(callTimeout.toNanos(), TimeUnit.NANOSECONDS));
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /**
   * Does one call.
   *
   * @param extra what it may take beyond the call timeout
   * @throws MetakeyException what the daemon said, or UNAVAILABLE
   */
  <S extends AbstractStub<S>, R> R call(
      Function<Channel, S> newStub, Duration extra, Function<S, R> rpc) {
    Duration timeout = callTimeout.plus(extra);
    Deadline deadline = Deadline.after(timeout.toNanos(), TimeUnit.NANOSECONDS);
    try {
      return rpc.apply(newStub.apply(ready(deadline)).withDeadline(deadline));
    } catch (StatusRuntimeException e) {
      throw explain(e, timeout);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** A channel for a stream that lasts. */
  Channel channelForStream() throws InterruptedException {
    return ready(Deadline.after(callTimeout.toNanos(), TimeUnit.NANOSECONDS));
  }

  /** What the failure of a stream means. */
  MetakeyException explain(StatusRuntimeException e) {
    return explain(e, callTimeout);
  }

  private MetakeyException explain(StatusRuntimeException e, Duration timeout) {
    if (WireErrors.isRefusal(e)) {
      return WireErrors.fromStatus(e);
    }
    if (closed) {
      return new MetakeyException(
          Reason.UNAVAILABLE, "the client was closed during the call", Map.of(), e);
    }
    return switch (e.getStatus().getCode()) {
      case UNAVAILABLE -> Unreachable.at(socket, e);
      case DEADLINE_EXCEEDED -> silent(timeout, e);
      case CANCELLED ->
          Thread.currentThread().isInterrupted()
              ? Retry.interrupted(new InterruptedException())
              : Unreachable.at(socket, e);
      default -> WireErrors.fromStatus(e);
    };
  }

  private MetakeyException silent(Duration timeout, @Nullable Throwable cause) {
    return new MetakeyException(
        Reason.UNAVAILABLE,
        "the metakey daemon at %s did not answer within %d ms; see whether it is stopped or overloaded"
            .formatted(socket, timeout.toMillis()),
        Map.of("socket", socket.toString(), "found", "no answer"),
        cause);
  }

  private static MetakeyException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return Retry.interrupted(e);
  }

  private ManagedChannel ready(Deadline deadline) throws InterruptedException {
    ManagedChannel present = channel;
    if (present != null && present.getState(false) == ConnectivityState.READY) {
      return present;
    }
    connecting.lockInterruptibly();
    try {
      present = usableChannel();
      awaitReady(present, deadline);
      return present;
    } finally {
      connecting.unlock();
    }
  }

  private ManagedChannel usableChannel() {
    ManagedChannel present = channel;
    if (present == null || present.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
      if (present != null) {
        present.shutdownNow();
      }
      present = newChannel();
      channel = present;
    }
    requireOpen(); // looked at after the channel was set: close() ends this one, or we do not use
    // it
    return present;
  }

  private ManagedChannel newChannel() {
    return NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toString()))
        .eventLoopGroup(loop)
        .channelType(EpollDomainSocketChannel.class)
        .overrideAuthority("localhost")
        .usePlaintext()
        .directExecutor()
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
        .build();
  }

  private void awaitReady(ManagedChannel present, Deadline deadline) throws InterruptedException {
    for (ConnectivityState state = present.getState(true);
        state != ConnectivityState.READY;
        state = present.getState(true)) {
      if (state == ConnectivityState.SHUTDOWN) {
        throw new IllegalStateException("this client is closed");
      }
      if (state == ConnectivityState.TRANSIENT_FAILURE) {
        throw Unreachable.at(socket, null);
      }
      CountDownLatch changed = new CountDownLatch(1);
      present.notifyWhenStateChanged(state, changed::countDown);
      if (!changed.await(deadline.timeRemaining(TimeUnit.NANOSECONDS), TimeUnit.NANOSECONDS)) {
        throw silent(callTimeout, null);
      }
    }
  }

  /** Refuses every call from now on. */
  void refuse() {
    closed = true;
  }

  void requireOpen() {
    if (closed) {
      throw new IllegalStateException("this client is closed");
    }
  }

  @Override
  public void close() {
    refuse();
    end(channel); // whoever is connecting notices, and lets go of the lock
    connecting.lock();
    try {
      end(channel);
      var end = loop.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
      if (!end.awaitUninterruptibly(Threads.PATIENCE_MS)) {
        LOG.warn("thread {} does not end", thread);
      }
    } finally {
      connecting.unlock();
    }
    Threads.awaitEnd(thread);
  }

  private static void end(@Nullable ManagedChannel channel) {
    if (channel != null) {
      channel.shutdownNow();
    }
  }
}
