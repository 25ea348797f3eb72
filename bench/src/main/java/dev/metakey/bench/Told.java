package dev.metakey.bench;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;

/** Runs something at each message of a stream. */
record Told<A>(Runnable action) implements StreamObserver<A> {
  private static final System.Logger LOG = System.getLogger(Told.class.getName());

  @Override
  public void onNext(A message) {
    action.run();
  }

  /** Only logs: whoever waits to be told gives up after a while. */
  @Override
  public void onError(Throwable cause) {
    Status.Code code = Status.fromThrowable(cause).getCode();
    if (code != Status.Code.UNAVAILABLE && code != Status.Code.CANCELLED) { // as after a close
      LOG.log(System.Logger.Level.WARNING, "a watcher's stream has ended", cause);
    }
  }

  @Override
  public void onCompleted() {}
}
