package dev.metakey.bench;

import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.ResolveRequest;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * How many calls are answered in a second when so many clients, each on a connection of its own,
 * make one call after the other. The clients share one thread: the cores are the daemon's.
 */
final class Throughput {
  private final LongAdder answered = new LongAdder();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final CountDownLatch running;
  private final long endNs;

  private Throughput(int clients, long durationNs) {
    this.running = new CountDownLatch(clients);
    this.endNs = System.nanoTime() + durationNs;
  }

  /** One client's next call; tells the observer, whatever comes of it. */
  interface Client {
    void call(int turn, StreamObserver<Object> answer);
  }

  static Client empty(Channel channel) {
    byte[] nothing = {};
    return (turn, answer) -> call(channel, Floor.EMPTY, nothing, answer);
  }

  static Client resolving(Channel channel, String name) {
    ResolveRequest request = ResolveRequest.newBuilder().addNames(name).build();
    return (turn, answer) -> call(channel, RegistryGrpc.getResolveMethod(), request, answer);
  }

  static Client registering(Channel channel, String name) {
    var request = Registrar.registration(name);
    return (turn, answer) -> call(channel, RegistryGrpc.getRegisterMethod(), request, answer);
  }

  /** Releases its field, registers it again, and so on: each is a durable change. */
  static Client changing(Channel channel, String name) {
    var registration = Registrar.registration(name);
    var release = Registrar.releaseOf(name);
    return (turn, answer) -> {
      if (turn % 2 == 0) {
        call(channel, RegistryGrpc.getReleaseMethod(), release, answer);
      } else {
        call(channel, RegistryGrpc.getRegisterMethod(), registration, answer);
      }
    };
  }

  /**
   * Lets them run; each makes an even number of calls.
   *
   * @return calls a second
   */
  static double measure(List<Client> clients, long durationNs) throws InterruptedException {
    Throughput run = new Throughput(clients.size(), durationNs);
    long startNs = System.nanoTime();
    clients.forEach(client -> run.new Loop(client).next());
    run.running.await();
    Throwable failure = run.failure.get();
    if (failure != null) {
      throw new IllegalStateException(failure);
    }
    return run.answered.sum() * 1e9 / (System.nanoTime() - startNs);
  }

  @SuppressWarnings("unchecked") // whoever gets the answer only counts it
  private static <Q, A> void call(
      Channel channel, MethodDescriptor<Q, A> method, Q request, StreamObserver<Object> answer) {
    ClientCalls.asyncUnaryCall(
        channel.newCall(method, CallOptions.DEFAULT),
        request,
        (StreamObserver<A>) (StreamObserver<?>) answer);
  }

  private final class Loop implements StreamObserver<Object> {
    private final Client client;
    private int turn;

    Loop(Client client) {
      this.client = client;
    }

    void next() {
      if (turn % 2 == 0 && System.nanoTime() > endNs) {
        running.countDown();
      } else {
        client.call(turn++, this);
      }
    }

    @Override
    public void onNext(Object answer) {}

    @Override
    public void onError(Throwable cause) {
      failure.set(cause);
      running.countDown();
    }

    @Override
    public void onCompleted() {
      answered.increment();
      next();
    }
  }
}
