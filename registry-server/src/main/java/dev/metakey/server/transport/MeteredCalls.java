package dev.metakey.server.transport;

import com.google.rpc.ErrorInfo;
import dev.metakey.wire.WireErrors;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/** Measures calls, from when their headers came until they were answered or given up. */
final class MeteredCalls implements ServerInterceptor {
  private final CallMeter meter;
  private final LongSupplier nanoTime;

  /**
   * @param nanoTime as {@link System#nanoTime}
   */
  MeteredCalls(CallMeter meter, LongSupplier nanoTime) {
    this.meter = meter;
    this.nanoTime = nanoTime;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Metered<Q, A> metered = new Metered<>(call);
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

    Metered(ServerCall<Q, A> call) {
      super(call);
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
        meter.ended(method, streams, result, facts, nanoTime.getAsLong() - startNs);
      }
    }
  }
}
