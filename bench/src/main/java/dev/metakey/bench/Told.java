package dev.metakey.bench;

import io.grpc.stub.StreamObserver;

/** Runs something at each message of a stream. */
record Told<A>(Runnable action) implements StreamObserver<A> {
  @Override
  public void onNext(A message) {
    action.run();
  }

  @Override
  public void onError(Throwable cause) {} // whoever waits to be told gives up in time

  @Override
  public void onCompleted() {}
}
