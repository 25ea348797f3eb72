package dev.metakey.server.transport;

import dev.metakey.model.Change;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.v1.Changes;
import dev.metakey.v1.State;
import dev.metakey.v1.WatchResponse;
import dev.metakey.wire.Wire;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What watchers are told, each message encoded once for all of them: watchers who are told the same
 * get the same object from the hub. Remembers the last message of each kind. For any thread.
 */
final class WatchMessages {
  private @Nullable Snapshot state;
  private @Nullable Encoded encodedState;
  private @Nullable List<Change> changes;
  private @Nullable Encoded forAdmins;
  private @Nullable Encoded forOthers;

  synchronized Encoded state(Snapshot snapshot) {
    Encoded known = encodedState;
    if (known != null && state == snapshot) {
      return known;
    }
    Encoded encoded =
        Encoded.of(
            WatchResponse.newBuilder()
                .setRegistry(Wire.info(snapshot.info()))
                .setState(
                    State.newBuilder()
                        .addAllFields(snapshot.fields().stream().map(Wire::field).toList()))
                .build());
    state = snapshot;
    encodedState = encoded;
    return encoded;
  }

  /**
   * @param toAdmin whether the message may tell from which process a change came
   */
  @SuppressWarnings("ReferenceEquality") // the hub hands the same object to all watchers
  synchronized Encoded changes(RegistryInfo info, List<Change> news, boolean toAdmin) {
    if (news.isEmpty()) { // all empty lists are the same one
      return encode(info, news, toAdmin);
    }
    if (changes != news) {
      changes = news;
      forAdmins = null;
      forOthers = null;
    }
    Encoded known = toAdmin ? forAdmins : forOthers;
    if (known != null) {
      return known;
    }
    Encoded encoded = encode(info, news, toAdmin);
    if (toAdmin) {
      forAdmins = encoded;
    } else {
      forOthers = encoded;
    }
    return encoded;
  }

  private static Encoded encode(RegistryInfo info, List<Change> news, boolean toAdmin) {
    Changes.Builder wire = Changes.newBuilder();
    news.forEach(change -> wire.addChanges(Wire.change(toAdmin ? change : change.publicPart())));
    return Encoded.of(
        WatchResponse.newBuilder().setRegistry(Wire.info(info)).setChanges(wire).build());
  }
}
