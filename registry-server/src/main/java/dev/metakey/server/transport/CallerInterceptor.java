package dev.metakey.server.transport;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.wire.WireErrors;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.util.Objects;

/** Tells each call who makes it: the connection's peer, under the service name that it claims. */
final class CallerInterceptor implements ServerInterceptor {
  private static final Context.Key<Peer> CALLER = Context.key("dev.metakey.caller");
  private static final Context.Key<Connection> CONNECTION = Context.key("dev.metakey.connection");
  static final Metadata.Key<String> CLAIMED_SERVICE =
      Metadata.Key.of("metakey-service", Metadata.ASCII_STRING_MARSHALLER);

  /** Who makes the call that this thread handles. */
  static Peer caller() {
    return Objects.requireNonNull(CALLER.get());
  }

  /** What a call of this peer is handled in. */
  static Context contextOf(Peer peer) {
    return Context.current().withValue(CALLER, peer);
  }

  /** The connection of the call that this thread handles. */
  static Connection connection() {
    return Objects.requireNonNull(CONNECTION.get());
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Connection connection =
        Objects.requireNonNull(call.getAttributes().get(PeerNegotiator.CONNECTION), "unknown peer");
    try {
      Peer peer = connection.caller(headers.get(CLAIMED_SERVICE));
      Context context = contextOf(peer).withValue(CONNECTION, connection);
      return Contexts.interceptCall(context, call, headers, next);
    } catch (MetakeyException e) {
      StatusRuntimeException status = WireErrors.toStatus(e);
      Metadata trailers = Objects.requireNonNullElseGet(status.getTrailers(), Metadata::new);
      call.close(status.getStatus(), trailers);
      return new ServerCall.Listener<>() {};
    }
  }
}
