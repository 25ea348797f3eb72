package dev.metakey.client;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.WatchRequest;
import dev.metakey.v1.WatchResponse;
import dev.metakey.wire.Replies;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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

  /** Done once the watch is closed, which ends every wait of its reader. */
  private final CompletableFuture<Void> closing = new CompletableFuture<>();

  /** The last state that was told; null: none yet. */
  private @Nullable Position told;

  /** The pauses of the present outage. Null: the daemon is there, or was not asked yet. */
  private Retry.@Nullable Pauses outage;

  private @Nullable WatchEvent upcoming;
  private volatile @Nullable BlockingClientCall<?, WatchResponse> stream;

  /** A state of a registry. */
  record Position(UUID registryId, long revision) {}

  /**
   * @param since where to resume; null: from the whole state on
   * @param worthwhile the failures after which to try again
   * @param onClose called with this watch once it is closed
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
    try {
      while (upcoming == null && !isClosed()) {
        upcoming = attempt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Retry.interrupted(e);
    } catch (RuntimeException e) {
      if (!isClosed()) {
        throw e;
      }
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
    closing.complete(null);
    drop("closed");
    onClose.accept(this);
  }

  /** Forgets what was told: the whole state comes next. For the reading thread. */
  void restart() {
    told = null;
    if (outage == null) {
      outage = new Retry.Pauses(); // what made us start over may happen again: pause first
    }
    drop("restarted");
  }

  private boolean isClosed() {
    return closing.isDone() || connection.isClosed();
  }

  /**
   * Waits for one message; during an outage, after a pause.
   *
   * @return null: the outage goes on, or the watch was closed
   * @throws MetakeyException a failure after which we do not try again
   */
  private @Nullable WatchEvent attempt() throws InterruptedException {
    if (outage != null && closesWithin(outage.nextNs())) {
      return null;
    }
    try {
      WatchEvent event = accept(read());
      outage = null;
      return event;
    } catch (MetakeyException e) {
      drop("broken");
      if (!worthwhile.test(e)) {
        throw e;
      }
      if (outage != null || isClosed()) {
        return null;
      }
      outage = new Retry.Pauses();
      return new WatchEvent.Disconnected(e);
    }
  }

  private boolean closesWithin(long ns) throws InterruptedException {
    try {
      closing.get(ns, TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException notClosed) {
      return isClosed();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e); // nobody completes it with a failure
    }
  }

  private WatchResponse read() throws InterruptedException {
    BlockingClientCall<?, WatchResponse> present = stream;
    if (present == null) {
      present =
          RegistryGrpc.newBlockingV2Stub(connection.channelForStream(closing)).watch(request());
      stream = present;
      if (closing.isDone()) { // checked after the stream was set: either close() ends it, or we do
        drop("closed");
      }
    }
    WatchResponse message;
    try {
      message = present.read();
    } catch (StatusException e) {
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
      RegistryInfo info = Replies.info(message.getRegistry());
      return switch (message.getContentCase()) {
        case STATE -> state(info, message);
        case CHANGES -> changes(info, message);
        case CONTENT_NOT_SET -> unknown(info);
      };
    } catch (IllegalArgumentException e) {
      throw broken("sent a state that no registry can have", e);
    }
  }

  private WatchEvent state(RegistryInfo info, WatchResponse message) {
    Snapshot snapshot =
        Snapshot.of(info, message.getState().getFieldsList().stream().map(Replies::field).toList());
    told = new Position(info.registryId(), info.revision());
    return new WatchEvent.State(snapshot);
  }

  /**
   * The changes that are new; those told already are dropped. If one is missing or out of order,
   * the watch starts over.
   */
  private WatchEvent changes(RegistryInfo info, WatchResponse message) {
    if (told == null || !told.registryId().equals(info.registryId())) {
      throw broken("sent changes of another registry", null);
    }
    long last = told.revision();
    List<Change> fresh =
        message.getChanges().getChangesList().stream()
            .map(Replies::change)
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

  /** A newer daemon may say more than we understand; but no change may be missed. */
  private WatchEvent unknown(RegistryInfo info) {
    if (told == null
        || !told.registryId().equals(info.registryId())
        || told.revision() != info.revision()) {
      throw broken("sent a message that this client does not understand", null);
    }
    return new WatchEvent.Changes(info, List.of());
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
