package dev.metakey.server.transport;

import com.google.rpc.ErrorInfo;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.server.log.Entry;
import dev.metakey.server.log.Event;
import dev.metakey.wire.WireErrors;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures calls, from when their headers came until they were answered or given up: for whoever
 * wants that, and for the log at its level debug. Where neither is so, calls pass untouched.
 */
final class MeteredCalls implements ServerInterceptor {
  private final @Nullable CallMeter meter;
  private final LongSupplier nanoTime;

  /**
   * @param meter is told of each call; null if nobody wants that
   * @param nanoTime as {@link System#nanoTime}
   */
  MeteredCalls(@Nullable CallMeter meter, LongSupplier nanoTime) {
    this.meter = meter;
    this.nanoTime = nanoTime;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (meter == null && !Event.CALL.isWanted()) {
      return next.startCall(call, headers);
    }
    Metered<Q, A> metered = new Metered<>(call, headers.get(CallerInterceptor.CLAIMED_SERVICE));
    return new SimpleForwardingServerCallListener<>(next.startCall(metered, headers)) {
      @Override
      public void onCancel() {
        metered.end(Status.Code.CANCELLED.name(), Map.of());
        super.onCancel();
      }
    };
  }

  private final class Metered<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final long startNs = nanoTime.getAsLong();
    private final AtomicBoolean ended = new AtomicBoolean();

    private final @Nullable String claimed;

    Metered(ServerCall<Q, A> call, @Nullable String claimed) {
      super(call);
      this.claimed = claimed;
    }

    @Override
    public void close(Status status, Metadata trailers) {
      ErrorInfo info = status.isOk() ? null : WireErrors.infoOf(status, trailers);
      if (info == null) {
        end(status.getCode().name(), Map.of());
      } else {
        end(info.getReason(), info.getMetadataMap());
      }
      super.close(status, trailers);
    }

    /** Counts the call, once. */
    void end(String result, Map<String, String> facts) {
      if (ended.compareAndSet(false, true)) {
        boolean streams = !getMethodDescriptor().getType().serverSendsOneMessage();
        String method = getMethodDescriptor().getFullMethodName();
        long ns = nanoTime.getAsLong() - startNs;
        if (meter != null) {
          meter.ended(method, streams, result, facts, ns);
        }
        if (Event.CALL.isWanted()) {
          log(method, result, ns);
        }
      }
    }

    private void log(String method, String result, long ns) {
      Entry entry = Event.CALL.with("method", method).with("result", result).with("us", ns / 1_000);
      String who;
      try {
        PeerProcess process = Objects.requireNonNull(getAttributes().get(PeerNegotiator.PEER));
        Peer peer = process.peer(claimed);
        entry.by(peer);
        who = peer.toString();
      } catch (MetakeyException unknown) { // which is why it was refused
        who = String.valueOf(getAttributes().get(PeerNegotiator.CONNECTION));
      }
      entry.say("%s by %s: %s in %d us".formatted(method, who, result, ns / 1_000));
    }
  }
}
