package dev.metakey.bench;

import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.WatchRequest;
import dev.metakey.v1.WatchResponse;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** How long it takes until every watcher, each on a connection of its own, is told of a change. */
final class Watchers {
  private final List<Watcher> watchers = new ArrayList<>();
  private volatile CountDownLatch untold;

  /** Returns when each has been told the state. */
  Watchers(List<? extends Channel> connections) throws InterruptedException {
    untold = new CountDownLatch(connections.size());
    for (Channel connection : connections) {
      Watcher watcher = new Watcher();
      watchers.add(watcher);
      RegistryGrpc.newStub(connection).watch(WatchRequest.getDefaultInstance(), watcher);
    }
    untold.await();
  }

  /**
   * @param each how long each watcher waited, for every change, from when it was asked for
   * @param last how long the last one waited
   */
  record Told(Samples each, Samples last) {}

  Told tell(int changes, Runnable change) throws InterruptedException {
    Told told = new Told(new Samples(), new Samples());
    for (int i = 0; i < changes; i++) {
      untold = new CountDownLatch(watchers.size());
      long startNs = System.nanoTime();
      change.run();
      untold.await();
      long lastNs = 0;
      for (Watcher watcher : watchers) {
        told.each.add(watcher.toldAtNs - startNs);
        lastNs = Math.max(lastNs, watcher.toldAtNs - startNs);
      }
      told.last.add(lastNs);
    }
    return told;
  }

  private final class Watcher implements StreamObserver<WatchResponse> {
    private volatile long toldAtNs;

    @Override
    public void onNext(WatchResponse message) {
      toldAtNs = System.nanoTime();
      untold.countDown();
    }

    @Override
    public void onError(Throwable cause) {}

    @Override
    public void onCompleted() {}
  }
}
