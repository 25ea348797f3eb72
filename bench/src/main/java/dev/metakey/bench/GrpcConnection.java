package dev.metakey.bench;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A gRPC connection of its own, without a client library: metakey's, etcd's and the floor's. */
final class GrpcConnection implements Connection, AsyncConnection {
  /** How to ask a server. */
  interface Dialect {
    Request<?, ?> request(Op op, String name);
  }

  /**
   * @param succeeded whether an answer says that the work was done
   */
  record Request<Q, A>(MethodDescriptor<Q, A> method, Q message, Predicate<A> succeeded) {
    private void call(Channel channel) {
      check(ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, message));
    }

    private void submit(Channel channel, Done done) {
      ClientCalls.asyncUnaryCall(
          channel.newCall(method, CallOptions.DEFAULT), message, new Answer<>(this, done));
    }

    private void check(@Nullable A answer) {
      if (answer == null || !succeeded.test(answer)) {
        throw new IllegalStateException(
            "%s was answered, but not done: %s".formatted(method.getFullMethodName(), answer));
      }
    }
  }

  private final ManagedChannel connection;
  private final Channel channel;
  private final Dialect dialect;

  GrpcConnection(ManagedChannel connection, Dialect dialect, ClientInterceptor... interceptors) {
    this.connection = connection;
    this.channel = ClientInterceptors.intercept(connection, interceptors);
    this.dialect = dialect;
  }

  @Override
  public void call(Op op, String name) {
    dialect.request(op, name).call(channel);
  }

  @Override
  public void submit(Op op, String name, Done done) {
    dialect.request(op, name).submit(channel, done);
  }

  @Override
  public void close() {
    var unused = connection.shutdownNow();
  }

  private static final class Answer<A> implements StreamObserver<A> {
    private final Request<?, A> request;
    private final Done done;
    private @Nullable A answer;

    Answer(Request<?, A> request, Done done) {
      this.request = request;
      this.done = done;
    }

    @Override
    public void onNext(A answer) {
      this.answer = answer;
    }

    @Override
    public void onError(Throwable cause) {
      done.failed(cause);
    }

    @Override
    public void onCompleted() {
      try {
        request.check(answer);
      } catch (IllegalStateException e) {
        done.failed(e);
        return;
      }
      done.ended();
    }
  }
}
