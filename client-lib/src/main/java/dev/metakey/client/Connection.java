package dev.metakey.client;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.wire.WireErrors;
import io.grpc.Channel;
import io.grpc.ConnectivityState;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.netty.channel.SingleThreadIoEventLoop;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.util.concurrent.FastThreadLocalThread;
import io.grpc.stub.AbstractStub;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The way to the daemon: one channel over its unix socket, on one thread.
 *
 * <h2>How long anybody waits</h2>
 *
 * Every caller has a limit of its own, and nobody waits in a lock while another one is busy: the
 * lock {@code replacing} is held while a channel is replaced, never while one connects. Connecting
 * takes at most the call timeout. A daemon that is stopped (SIGSTOP) or hangs is noticed while
 * anything is open: it does not answer a ping, and the connection counts as lost.
 *
 * <h2>Who decides when to connect</h2>
 *
 * We do. Once an attempt has failed, gRPC's channel fails every call until its own pause (1 s and
 * more) is over. So each call first makes sure that the channel is ready, and replaces one that is
 * in such a pause: a call tries exactly once, now, and knows the outcome. Concurrent callers share
 * an attempt. The pauses between attempts are those of {@link Retry}. A daemon to which so many
 * connect that the kernel keeps no more of them waiting (EAGAIN), or that says that it lets nobody
 * in now, is busy and not gone: then a call tries again within its limit.
 *
 * <h2>Threads</h2>
 *
 * {@code metakey-client}, a daemon thread, does all of gRPC's work; callers wait on their own
 * threads. There is one event loop without a group around it, because ending a group starts netty's
 * global thread, which lingers for a second and keeps a JVM from exiting. {@link #close} waits
 * until the thread has ended: one that sits in epoll_wait holds the JVM's exit up for 300 ms.
 *
 * <h2>The JDK's own sockets</h2>
 *
 * netty's epoll transport would be no faster here, and it needs a native library, which is unpacked
 * to the temp folder, exists for some processors only, and makes newer JVMs warn.
 */
final class Connection implements AutoCloseable {
  /** For calls whose wait nobody ends early. */
  private static final CompletableFuture<Void> NEVER = new CompletableFuture<>();

  private static final Metadata.Key<String> SERVICE =
      Metadata.Key.of("metakey-service", Metadata.ASCII_STRING_MARSHALLER);

  static {
    String jfr = "io.grpc.netty.shaded.io.netty.jfr.enabled"; // loading it takes 50 ms
    if (System.getProperty(jfr) == null) {
      System.setProperty(jfr, "false");
    }
  }

  private final Path socket;
  private final Duration callTimeout;
  private final Metadata headers = new Metadata();
  private final SingleThreadIoEventLoop loop =
      new SingleThreadIoEventLoop(null, this::newThread, NioIoHandler.newFactory());
  private final Object replacing = new Object();
  private volatile @Nullable Attempt latest;
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

  /**
   * Connects, unless we are connected.
   *
   * @param limit how long it may take at most; the call timeout bounds it too
   */
  void connect(Duration limit) {
    try {
      ready(limit, NEVER);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** Does one call, within the call timeout. */
  <S extends AbstractStub<S>, R> R call(Function<Channel, S> newStub, Function<S, R> rpc) {
    return call(newStub, callTimeout, rpc);
  }

  /**
   * Does one call.
   *
   * @param limit how long it may take, connecting included
   * @throws MetakeyException what the daemon said, or UNAVAILABLE
   */
  <S extends AbstractStub<S>, R> R call(
      Function<Channel, S> newStub, Duration limit, Function<S, R> rpc) {
    Deadline deadline = Deadline.after(limit.toNanos(), TimeUnit.NANOSECONDS);
    try {
      return rpc.apply(newStub.apply(ready(limit, NEVER)).withDeadline(deadline));
    } catch (StatusRuntimeException e) {
      throw explain(e, limit);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /**
   * A channel for a stream that lasts.
   *
   * @param ended once done, ends the wait for the channel with a CancellationException
   */
  Channel channelForStream(CompletableFuture<Void> ended) throws InterruptedException {
    return ready(callTimeout, ended);
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
    Status.Code code = e.getStatus().getCode();
    Attempt present = latest;
    String refusal = present == null ? "" : present.refusal();
    boolean isLost = code == Status.Code.DEADLINE_EXCEEDED || WireErrors.isOfTheConnection(code);
    if (isLost && !refusal.isEmpty()) {
      return Unreachable.busy(socket, timeout, refusal);
    }
    if (code == Status.Code.DEADLINE_EXCEEDED) {
      return silent(timeout, e);
    }
    if (code == Status.Code.CANCELLED && Thread.currentThread().isInterrupted()) {
      return Retry.interrupted(new InterruptedException());
    }
    return WireErrors.isOfTheConnection(code)
        ? Unreachable.at(socket, e)
        : WireErrors.fromStatus(e);
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

  private ManagedChannel ready(Duration limit, CompletableFuture<Void> ended)
      throws InterruptedException {
    Attempt present = latest;
    if (present != null && present.channel.getState(false) == ConnectivityState.READY) {
      return present.channel;
    }
    Duration most = limit.compareTo(callTimeout) < 0 ? limit : callTimeout;
    Deadline deadline = Deadline.after(most.toNanos(), TimeUnit.NANOSECONDS);
    Retry.Pauses pauses = Retry.Pauses.ofACrowd();
    Attempt attempt = usableChannel();
    boolean wasBusy = false;
    String refusal = "";
    while (!awaitReady(attempt, deadline, ended)) {
      wasBusy |= attempt.isBusy();
      refusal = attempt.refusal().isEmpty() ? refusal : attempt.refusal();
      if (deadline.isExpired()) {
        throw wasBusy ? Unreachable.busy(socket, most, refusal) : silent(most, null);
      }
      pause(Math.min(pauses.nextNs(), deadline.timeRemaining(TimeUnit.NANOSECONDS)), ended);
      attempt = usableChannel();
    }
    return attempt.channel;
  }

  private static void pause(long ns, CompletableFuture<Void> ended) throws InterruptedException {
    try {
      ended.get(ns, TimeUnit.NANOSECONDS);
      throw nobodyWaits();
    } catch (TimeoutException goOn) {
      // Now there may be room.
    } catch (ExecutionException e) {
      throw new IllegalStateException(e); // nobody completes it with a failure
    }
  }

  private static CancellationException nobodyWaits() {
    return new CancellationException("nobody waits for the connection any more");
  }

  private Attempt usableChannel() {
    synchronized (replacing) {
      requireOpen(); // close() sets closed before it ends the channel under this lock
      Attempt present = latest;
      if (present == null
          || present.channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
        end(present);
        present = new Attempt(socket, loop, headers);
        latest = present;
      }
      return present;
    }
  }

  /** Returns false if the daemon is there and busy, or the time is over. */
  private boolean awaitReady(Attempt attempt, Deadline deadline, CompletableFuture<Void> ended)
      throws InterruptedException {
    ManagedChannel present = attempt.channel;
    for (ConnectivityState state = present.getState(true);
        state != ConnectivityState.READY;
        state = present.getState(true)) {
      if (state == ConnectivityState.SHUTDOWN) {
        requireOpen(); // or it failed, and the next caller has replaced it
      }
      if (state == ConnectivityState.SHUTDOWN || state == ConnectivityState.TRANSIENT_FAILURE) {
        if (attempt.isBusy()) {
          return false;
        }
        throw Unreachable.at(socket, null);
      }
      CountDownLatch changed = new CountDownLatch(1);
      present.notifyWhenStateChanged(state, changed::countDown);
      CompletableFuture<Void> woken = ended.thenRun(changed::countDown);
      boolean inTime =
          changed.await(deadline.timeRemaining(TimeUnit.NANOSECONDS), TimeUnit.NANOSECONDS);
      woken.cancel(false);
      if (ended.isDone()) {
        throw nobodyWaits();
      }
      if (!inTime) {
        return false;
      }
    }
    return true;
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
    synchronized (replacing) {
      end(latest); // whoever waits for it notices
    }
    var end = loop.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
    if (!end.awaitUninterruptibly(Threads.PATIENCE_MS)) {
      System.getLogger(Connection.class.getName()) // here, as finding a logger takes 3 ms
          .log(System.Logger.Level.WARNING, "thread {0} does not end", thread);
    }
    Threads.awaitEnd(thread);
  }

  private static void end(@Nullable Attempt attempt) {
    if (attempt != null) {
      attempt.channel.shutdownNow();
    }
  }
}
