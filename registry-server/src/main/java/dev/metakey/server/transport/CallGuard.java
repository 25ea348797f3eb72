package dev.metakey.server.transport;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.engine.Budget;
import dev.metakey.wire.WireErrors;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Stands before every call, and bounds what it can make the daemon hold: how many calls there are,
 * how long a request may take to arrive, and how many bytes of answers nobody has read. What a
 * request may look like is for {@link RequestShape} to say. The guard sees messages as bytes,
 * before anything is made of them.
 *
 * <p>Calls beyond a bound are refused, and others go on. What takes too long is left to {@link
 * #sweep}: it ends requests that never become whole, and connections that do not take answers.
 */
final class CallGuard implements ServerInterceptor {
  private static final String REFLECTION = "grpc.reflection.";
  private static final long QUIET_MS = 100;
  private static final long QUIET_LIMIT_MS = 2_000;

  private final Connections connections;
  private final LongSupplier nanoTime;
  private final Consumer<Runnable> soon;
  private final AtomicBoolean sweeps = new AtomicBoolean();
  private final Set<Guarded<?, ?>> open = ConcurrentHashMap.newKeySet();
  private final Lull lull; // of calls that are answered once, unlike streams
  private volatile @Nullable MetakeyException stopped;

  /**
   * @param nanoTime as {@link System#nanoTime}
   * @param soon runs something once, in a second or so
   */
  CallGuard(Connections connections, LongSupplier nanoTime, Consumer<Runnable> soon) {
    this.connections = connections;
    this.nanoTime = nanoTime;
    this.soon = soon;
    this.lull = new Lull(nanoTime, QUIET_MS);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Connection connection =
        Objects.requireNonNull(
            call.getAttributes().get(PeerNegotiator.CONNECTION), "unknown connection");
    Guarded<Q, A> guarded = new Guarded<>(call, connection);
    // Not under its lock: the JVM gives an object that is asked for its hash while it is locked a
    // monitor of 200 bytes, and takes that back half a minute later.
    open.add(guarded);
    MetakeyException stop = stopped;
    MetakeyException refusal = stop != null ? stop : guarded.enter();
    if (refusal != null) {
      open.remove(guarded);
      guarded.refuse(refusal);
      return new ServerCall.Listener<>() {};
    }
    ServerCall.Listener<Q> listener = guarded.listen(next.startCall(guarded, headers));
    guarded.endIfStopped();
    return listener;
  }

  /** Sees to it that there is a sweep, as there is a call that may take too long. */
  private void watchOver() {
    if (!sweeps.get() && sweeps.compareAndSet(false, true)) {
      soon.accept(this::sweep);
    }
  }

  /** Ends what takes too long, and has another sweep follow as long as something may. */
  private void sweep() {
    sweeps.set(false);
    for (Guarded<?, ?> call : open) {
      if (call.sweep()) {
        watchOver();
      }
    }
  }

  /**
   * Refuses new calls from now on, ends the streams that would go on until somebody ends them, and
   * waits until nobody sends a call any more, but not for ever.
   */
  void stop(MetakeyException why) throws InterruptedException {
    stopped = why;
    open.forEach(Guarded::endIfStopped);
    lull.await(QUIET_LIMIT_MS);
  }

  private final class Guarded<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final Connection connection;
    private final boolean reflection;
    private final boolean oneRequest;
    private final boolean stream;
    private final long startNs = nanoTime.getAsLong();
    private boolean arriving; // this and the rest: guarded by this
    private boolean entered;
    private volatile boolean closed; // set under the lock; any thread may see it a little late
    private long closedNs;
    private long unread;
    private ServerCall.@Nullable Listener<Q> listener;

    Guarded(ServerCall<Q, A> call, Connection connection) {
      super(call);
      this.connection = connection;
      this.reflection = call.getMethodDescriptor().getFullMethodName().startsWith(REFLECTION);
      MethodType type = call.getMethodDescriptor().getType();
      this.oneRequest = type.clientSendsOneMessage();
      this.stream = !type.serverSendsOneMessage();
      if (stream) {
        call.setOnReadyThreshold(1); // so that "ready" means that all was read
      }
    }

    /** Counts the call. Returns the refusal, or null if it may go on. */
    synchronized @Nullable MetakeyException enter() {
      connections.asked(connection);
      MetakeyException tooOften = connections.tooOften(connection, startNs);
      if (tooOften != null) {
        return tooOften;
      }
      Limits.Connection each = connections.limits.each();
      int mine = connection.calls.incrementAndGet();
      if (mine > each.streams()) {
        connection.calls.decrementAndGet();
        return tooMany("calls on one connection", each.streams());
      }
      if (reflection && connection.reflections.incrementAndGet() > each.reflections()) {
        connection.calls.decrementAndGet();
        connection.reflections.decrementAndGet();
        return tooMany("reflection calls on one connection", each.reflections());
      }
      Budget.Full full = connections.calls.take(connection.uid(), connection.isAdmin(), 1);
      if (full == null && oneRequest) {
        full = connections.arriving.take(connection.uid(), connection.isAdmin(), 1);
        arriving = full == null;
        if (full != null) {
          connections.calls.give(connection.uid(), 1);
        }
      }
      if (full != null) {
        connection.calls.decrementAndGet();
        if (reflection) {
          connection.reflections.decrementAndGet();
        }
        return full.refusal(Reason.QUOTA_EXCEEDED, "end some, or try again later");
      }
      entered = true;
      if (!stream) {
        lull.entered();
      }
      if (arriving) {
        watchOver();
      }
      return null;
    }

    private MetakeyException tooMany(String what, int limit) {
      connections.calls.refuse();
      return new MetakeyException(
          Reason.QUOTA_EXCEEDED,
          "at most %d open %s are allowed; end some first".formatted(limit, what),
          Map.of("limit", Integer.toString(limit), "used", Integer.toString(limit)));
    }

    private synchronized void leave() {
      if (!entered) {
        return;
      }
      entered = false;
      open.remove(this);
      if (!stream) {
        lull.left();
      }
      connection.calls.decrementAndGet();
      if (reflection) {
        connection.reflections.decrementAndGet();
      }
      connections.calls.give(connection.uid(), 1);
      arrived();
      read();
    }

    private synchronized void arrived() {
      if (arriving) {
        arriving = false;
        connections.arriving.give(connection.uid(), 1);
      }
    }

    private synchronized void read() {
      if (unread > 0) {
        connection.unreadBytes.addAndGet(-unread);
        connections.unreadBytes.give(connection.uid(), unread);
        unread = 0;
      }
    }

    /** Ends the call with a refusal, and tells whoever works on it that it is over. */
    void refuse(MetakeyException why) {
      ServerCall.Listener<Q> told;
      synchronized (this) {
        if (closed) {
          return;
        }
        told = listener;
        StatusRuntimeException status = WireErrors.toStatus(why);
        close(
            status.getStatus(), Objects.requireNonNullElseGet(status.getTrailers(), Metadata::new));
      }
      if (told != null) {
        told.onCancel();
      }
    }

    void endIfStopped() {
      MetakeyException why = stopped;
      if (stream && why != null) {
        refuse(why);
      }
    }

    private String method() {
      return getMethodDescriptor().getFullMethodName();
    }

    /** Ends the call if it takes too long. Returns whether it is to be looked at again. */
    boolean sweep() {
      Limits.Connection each = connections.limits.each();
      boolean late;
      boolean unreadTooLong;
      boolean isWaitedFor;
      synchronized (this) {
        isWaitedFor = entered && (arriving || closed);
        long nowNs = nanoTime.getAsLong();
        late = arriving && !closed && nowNs - startNs > each.requestMs() * 1_000_000;
        unreadTooLong = closed && nowNs - closedNs > each.unreadMs() * 1_000_000;
      }
      if (late) {
        refuse(
            new MetakeyException(
                Reason.INVALID_REQUEST,
                "the request did not arrive whole within %d ms".formatted(each.requestMs())));
      }
      if (unreadTooLong) {
        connection.fault(
            "connection closed: an answer was not read for %d ms by %s"
                .formatted(each.unreadMs(), connection));
        connection.close();
      }
      return isWaitedFor;
    }

    @Override
    public boolean isCancelled() {
      return closed || super.isCancelled();
    }

    @Override
    public boolean isReady() {
      return !closed && super.isReady();
    }

    @Override
    public synchronized void sendHeaders(Metadata headers) {
      if (!closed) {
        super.sendHeaders(headers);
      }
    }

    @Override
    public void sendMessage(A message) {
      MetakeyException tooMuch;
      synchronized (this) {
        if (closed) {
          return;
        }
        tooMuch = hold(RequestShape.lengthOf(message));
        if (tooMuch == null) {
          super.sendMessage(message);
        }
      }
      if (tooMuch != null) {
        connection.fault("%s by %s".formatted(tooMuch.text(), connection));
        refuse(tooMuch);
      }
    }

    private @Nullable MetakeyException hold(long bytes) {
      long limit = connections.limits.each().unreadBytes();
      long held = connection.unreadBytes.addAndGet(bytes);
      Budget.Full full;
      if (held > limit && held > bytes) {
        connections.unreadBytes.refuse();
        full =
            new Budget.Full(
                "bytes of answers on one connection that were not read",
                connection.uid(),
                limit,
                held - bytes);
      } else {
        full = connections.unreadBytes.take(connection.uid(), connection.isAdmin(), bytes);
      }
      if (full != null) {
        connection.unreadBytes.addAndGet(-bytes);
        return full.refusal(Reason.QUOTA_EXCEEDED, "read them before you ask for more");
      }
      unread += bytes;
      return null;
    }

    @Override
    public synchronized void close(Status status, Metadata trailers) {
      if (closed) {
        return;
      }
      closed = true;
      closedNs = nanoTime.getAsLong();
      lull.answered(closedNs);
      super.close(status, trailers);
      if (entered) {
        watchOver();
      }
    }

    ServerCall.Listener<Q> listen(ServerCall.Listener<Q> next) {
      synchronized (this) {
        listener = next;
      }
      return new SimpleForwardingServerCallListener<>(next) {
        @Override
        public void onMessage(Q message) {
          if (closed) {
            return;
          }
          try {
            super.onMessage(RequestShape.checked(message, method()));
          } catch (MetakeyException e) {
            refuse(e);
          } catch (StatusRuntimeException e) {
            if (!(e.getCause() instanceof InvalidProtocolBufferException)) {
              throw e;
            }
            refuse(RequestShape.notAMessage(method(), e));
          }
        }

        @Override
        public void onHalfClose() {
          arrived();
          if (!closed) {
            super.onHalfClose();
          }
        }

        @Override
        public void onReady() {
          if (Guarded.super.isReady()) {
            read();
          }
          if (!closed) {
            super.onReady();
          }
        }

        @Override
        public void onComplete() {
          leave();
          super.onComplete();
        }

        @Override
        public void onCancel() {
          leave();
          super.onCancel();
        }
      };
    }
  }
}
