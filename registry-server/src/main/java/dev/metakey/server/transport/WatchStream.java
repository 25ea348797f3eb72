package dev.metakey.server.transport;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.publication.Subscriber;
import dev.metakey.wire.WireErrors;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;

/** A watcher at the other end of a stream. */
final class WatchStream implements Subscriber {
  private final ServerCallStreamObserver<Encoded> stream;
  private final WatchMessages messages;
  private final boolean toAdmin;

  /**
   * @param messages shared with all other watchers
   * @param toAdmin whether the watcher may know from which process a change came
   */
  WatchStream(ServerCallStreamObserver<Encoded> stream, WatchMessages messages, boolean toAdmin) {
    this.stream = stream;
    this.messages = messages;
    this.toAdmin = toAdmin;
  }

  @Override
  public boolean isReady() {
    return stream.isReady() && !stream.isCancelled();
  }

  @Override
  public void state(Snapshot snapshot) {
    stream.onNext(messages.state(snapshot));
  }

  @Override
  public void changes(RegistryInfo info, List<Change> changes) {
    stream.onNext(messages.changes(info, changes, toAdmin));
  }

  @Override
  public void end(MetakeyException why) {
    if (!stream.isCancelled()) {
      stream.onError(WireErrors.toStatus(why));
    }
  }
}
