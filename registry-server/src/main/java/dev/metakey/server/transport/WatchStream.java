package dev.metakey.server.transport;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.publication.WatchHub;
import dev.metakey.v1.Changes;
import dev.metakey.v1.State;
import dev.metakey.v1.WatchResponse;
import dev.metakey.wire.Wire;
import dev.metakey.wire.WireErrors;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;

/** A watcher at the other end of a stream. */
final class WatchStream implements WatchHub.Subscriber {
  private final ServerCallStreamObserver<WatchResponse> stream;
  private final boolean toAdmin;

  /**
   * @param toAdmin whether the watcher may know from which process a change came
   */
  WatchStream(ServerCallStreamObserver<WatchResponse> stream, boolean toAdmin) {
    this.stream = stream;
    this.toAdmin = toAdmin;
  }

  @Override
  public boolean isReady() {
    return stream.isReady() && !stream.isCancelled();
  }

  @Override
  public void state(Snapshot snapshot) {
    stream.onNext(
        WatchResponse.newBuilder()
            .setRegistry(Wire.info(snapshot.info()))
            .setState(
                State.newBuilder()
                    .addAllFields(snapshot.fields().stream().map(Wire::field).toList()))
            .build());
  }

  @Override
  public void changes(RegistryInfo info, List<Change> changes) {
    stream.onNext(
        WatchResponse.newBuilder()
            .setRegistry(Wire.info(info))
            .setChanges(
                Changes.newBuilder()
                    .addAllChanges(
                        changes.stream()
                            .map(change -> toAdmin ? change : change.publicPart())
                            .map(Wire::change)
                            .toList()))
            .build());
  }

  @Override
  public void end(MetakeyException why) {
    if (!stream.isCancelled()) {
      stream.onError(WireErrors.toStatus(why));
    }
  }
}
