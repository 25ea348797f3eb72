package dev.metakey.client;

import dev.failsafe.Call;
import dev.failsafe.FailsafeException;
import dev.failsafe.FailsafeExecutor;
import dev.failsafe.function.ContextualSupplier;
import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.WatchRequest;
import dev.metakey.v1.WatchResponse;
import dev.metakey.wire.Wire;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The registry's changes as they are committed: first the whole state (or what changed since the
 * revision that the watch was resumed from), then every change in order, none twice, none missing.
 *
 * <p>A watch outlives the daemon: it tells {@link WatchEvent.Disconnected} once, connects again,
 * with growing pauses of 20 ms to 1 s, and resumes after the last revision it told. For one reading
 * thread; {@link #close()} may be called from any.
 */
public final class Watch implements Iterator<WatchEvent>, AutoCloseable {
  private final Connection connection;
  private final Predicate<Throwable> worthwhile;
  private final Consumer<Watch> onClose;
  private final FailsafeExecutor<WatchEvent> retry;

  /** Up to where we told. Null: nothing yet. */
  private @Nullable Position told;

  /** Why the daemon is gone, until it is back. */
  private @Nullable MetakeyException problem;

  /** The problem was told, and the pause before the next attempt is still to come. */
  private boolean pauseFirst;

  private @Nullable WatchEvent upcoming;
  private volatile @Nullable BlockingClientCall<?, WatchResponse> stream;
  private volatile @Nullable Call<WatchEvent> waiting;
  private volatile boolean closed;

  /** A state of a registry. */
  record Position(UUID registryId, long revision) {}

  /**
   * @param since where to resume; null: from the whole state on
   * @param worthwhile the failures after which to try again
   * @param onClose told that this one needs no closing any more
   */
  Watch(
      Connection connection,
      @Nullable Position since,
      Predicate<Throwable> worthwhile,
      Consumer<Watch> onClose) {
    this.connection = connection;
    this.onClose = onClose;
    this.told = since;
    this.worthwhile = worthwhile;
    this.retry = Retry.forever(worthwhile);
  }

  /**
   * Blocks until there is an event.
   *
   * @return false once the watch or its client is closed
   * @throws MetakeyException if the daemon refuses the watch (TOO_MANY_WAITERS), or UNAVAILABLE if
   *     the thread is interrupted; the watch may be asked again after either
   */
  @Override
  public boolean hasNext() {
    if (upcoming != null && !isClosed()) {
      return true;
    }
    ContextualSupplier<WatchEvent, WatchEvent> attempt = context -> attempt();
    Call<WatchEvent> call = retry.newCall(attempt);
    waiting = call;
    try {
      upcoming = isClosed() ? null : call.execute();
    } catch (RuntimeException e) {
      if (!isClosed()) {
        throw e instanceof FailsafeException wrapper ? Retry.unwrap(wrapper) : e;
      }
    } finally {
      waiting = null;
    }
    return upcoming != null && !isClosed();
  }

  /**
   * Blocks until there is an event.
   *
   * @throws NoSuchElementException once the watch or its client is closed
   * @throws MetakeyException as {@link #hasNext()}
   */
  @Override
  public WatchEvent next() {
    if (hasNext() && upcoming != null) {
      WatchEvent event = upcoming;
      upcoming = null;
      return event;
    }
    throw new NoSuchElementException("the watch is closed");
  }

  /** Ends the watch, and whoever waits in it. */
  @Override
  public void close() {
    closed = true;
    Call<WatchEvent> call = waiting;
    if (call != null) {
      call.cancel(true);
    }
    drop("closed");
    onClose.accept(this);
  }

  /** Forgets what was told: the whole state comes next. For the reading thread. */
  void restart() {
    told = null;
    drop("restarted");
  }

  private boolean isClosed() {
    return closed || connection.isClosed();
  }

  /**
   * Waits for one message; what it throws makes {@link #retry} pause and call again, or give up.
   */
  private WatchEvent attempt() throws InterruptedException {
    if (pauseFirst && problem != null) {
      pauseFirst = false;
      throw problem;
    }
    try {
      WatchEvent event = accept(read());
      problem = null;
      return event;
    } catch (MetakeyException e) {
      drop("broken");
      if (problem != null || !worthwhile.test(e)) {
        throw e;
      }
      problem = e;
      pauseFirst = true;
      return new WatchEvent.Disconnected(e);
    }
  }

  private WatchResponse read() throws InterruptedException {
    BlockingClientCall<?, WatchResponse> present = stream;
    if (present == null) {
      present = RegistryGrpc.newBlockingV2Stub(connection.channelForStream()).watch(request());
      stream = present;
      if (closed) { // looked at after the stream was set: close() ends it, or we do
        drop("closed");
      }
    }
    WatchResponse message;
    try {
      message = present.read();
    } catch (StatusException e) {
      if (isClosed()) {
        throw new CancellationException("the watch was closed");
      }
      throw connection.explain(e.getStatus().asRuntimeException(e.getTrailers()));
    }
    if (message == null) {
      throw new MetakeyException(Reason.UNAVAILABLE, "the metakey daemon ended the watch");
    }
    return message;
  }

  private WatchRequest request() {
    var request = WatchRequest.newBuilder();
    if (told != null) {
      request.setSinceRevision(told.revision()).setRegistryId(told.registryId().toString());
    }
    return request.build();
  }

  private WatchEvent accept(WatchResponse message) {
    try {
      RegistryInfo info = Wire.fromWire(message.getRegistry());
      return switch (message.getContentCase()) {
        case STATE -> state(info, message);
        case CHANGES -> changes(info, message);
        case CONTENT_NOT_SET -> throw broken("sent an empty message", null);
      };
    } catch (IllegalArgumentException e) {
      throw broken("sent what is no registry", e);
    }
  }

  private WatchEvent state(RegistryInfo info, WatchResponse message) {
    Snapshot snapshot =
        Snapshot.of(info, message.getState().getFieldsList().stream().map(Wire::fromWire).toList());
    told = new Position(info.registryId(), info.revision());
    return new WatchEvent.State(snapshot);
  }

  /** What is new of the changes: a daemon that tells one twice, or skips one, is not believed. */
  private WatchEvent changes(RegistryInfo info, WatchResponse message) {
    if (told == null || !told.registryId().equals(info.registryId())) {
      throw broken("sent changes of another registry", null);
    }
    long last = told.revision();
    List<Change> fresh =
        message.getChanges().getChangesList().stream()
            .map(Wire::fromWire)
            .filter(change -> change.revision() > last)
            .toList();
    long reached = last + fresh.size();
    boolean complete = fresh.isEmpty() || fresh.get(fresh.size() - 1).revision() == reached;
    if (!complete || info.revision() > reached) {
      throw broken("left out changes after revision " + last, null);
    }
    told = new Position(info.registryId(), reached);
    return new WatchEvent.Changes(info.withRevision(reached), fresh);
  }

  private MetakeyException broken(String what, @Nullable Throwable cause) {
    told = null;
    return new MetakeyException(
        Reason.UNAVAILABLE,
        "the metakey daemon %s; asking for the whole state".formatted(what),
        Map.of(),
        cause);
  }

  private void drop(String why) {
    BlockingClientCall<?, WatchResponse> present = stream;
    stream = null;
    if (present != null) {
      present.cancel(why, null);
    }
  }
}
