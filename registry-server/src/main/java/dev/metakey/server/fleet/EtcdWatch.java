package dev.metakey.server.fleet;

import com.google.protobuf.ByteString;
import dev.metakey.etcd.v3.Event;
import dev.metakey.etcd.v3.WatchCreateRequest;
import dev.metakey.etcd.v3.WatchGrpc;
import dev.metakey.etcd.v3.WatchRequest;
import dev.metakey.etcd.v3.WatchResponse;
import dev.metakey.server.fleet.FleetStore.Entry;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A watch of etcd's. Its listener is told once at most that it has ended. */
final class EtcdWatch implements FleetStore.Watch, StreamObserver<WatchResponse> {
  private final String endpoint;
  private final FleetStore.Listener listener;
  private final AtomicBoolean ended = new AtomicBoolean();
  private volatile @Nullable StreamObserver<WatchRequest> requests;

  EtcdWatch(String endpoint, FleetStore.Listener listener) {
    this.endpoint = endpoint;
    this.listener = listener;
  }

  void start(Channel channel, ByteString key, ByteString end, long fromRevision) {
    StreamObserver<WatchRequest> stream =
        ClientCalls.asyncBidiStreamingCall(
            channel.newCall(WatchGrpc.getWatchMethod(), CallOptions.DEFAULT), this);
    requests = stream;
    stream.onNext(
        WatchRequest.newBuilder()
            .setCreateRequest(
                WatchCreateRequest.newBuilder()
                    .setKey(key)
                    .setRangeEnd(end)
                    .setStartRevision(fromRevision))
            .build());
  }

  @Override
  public void onNext(WatchResponse response) {
    if (response.getCanceled()) {
      end(
          response.getCompactRevision() > 0
              ? "etcd no longer keeps the changes since the last ones that were seen"
              : "etcd at %s has ended the watch: %s"
                  .formatted(endpoint, response.getCancelReason().replaceAll("\\p{Cntrl}+", " ")));
      return;
    }
    if (response.getEventsCount() > 0 && !ended.get()) {
      List<Entry> entries =
          response.getEventsList().stream()
              .map(
                  event ->
                      EtcdStore.entry(event.getKv(), event.getType() == Event.EventType.DELETE))
              .toList();
      listener.changed(entries, response.getHeader().getRevision());
    }
  }

  @Override
  public void onError(Throwable error) {
    end(EtcdStore.words(endpoint, Status.fromThrowable(error)));
  }

  @Override
  public void onCompleted() {
    end("etcd at %s has ended the watch".formatted(endpoint));
  }

  private void end(String why) {
    if (ended.compareAndSet(false, true)) {
      listener.ended(why);
      cancel();
    }
  }

  @Override
  public void close() {
    if (ended.compareAndSet(false, true)) {
      cancel();
    }
  }

  private void cancel() {
    StreamObserver<WatchRequest> stream = requests;
    if (stream != null) {
      stream.onError(Status.CANCELLED.withDescription("no longer wanted").asException());
    }
  }
}
